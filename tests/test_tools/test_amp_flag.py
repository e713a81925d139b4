import importlib.util

import pytest
from test_tools.conftest import ROOT

NAMES = {
    'tokenizer/vqgan-f16_*.py': [
        'optim_wrapper.generator.type',
        'optim_wrapper.discriminator.type',
    ],
    'quickstart/mage-*.py': ['optim_wrapper.type'],
}


@pytest.mark.parametrize('pattern', NAMES)
def test_amp_reaches_every_optimiser(pattern):
    spec = importlib.util.spec_from_file_location('train', ROOT / 'tools' / 'train.py')
    train = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(train)
    (config,) = (ROOT / 'configs').glob(pattern)
    assert train.amp_options(str(config)) == dict.fromkeys(NAMES[pattern], 'AmpOptimWrapper')
