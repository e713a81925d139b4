import pytest
from test_tools.conftest import ROOT

from mmaddp.run.cost_switches import amp_options

NAMES = {
    'tokenizer/vqgan-f16_*.py': [
        'optim_wrapper.generator.type',
        'optim_wrapper.discriminator.type',
    ],
    'quickstart/mage-*.py': ['optim_wrapper.type'],
}


@pytest.mark.parametrize('pattern', NAMES)
def test_amp_reaches_every_optimiser(pattern):
    (config,) = (ROOT / 'configs').glob(pattern)
    assert amp_options(str(config)) == dict.fromkeys(NAMES[pattern], 'AmpOptimWrapper')
