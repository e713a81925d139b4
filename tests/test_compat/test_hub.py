"""Models by the address of their configuration, as mmengine's hub builds those of the hosts."""

import mmengine.hub
import pytest
from mmengine.registry import DefaultScope

import mmaddp  # noqa: F401, makes the change

CONFIGS = {
    'quickstart/addp-vit-w96-p8_1xb64-40e_digit-tokens.py': 'ADDP',
    'quickstart/judge-resnet18-w16_1xb128-20e_digits-32px.py': 'ImageClassifier',
    'quickstart/mask-rcnn-vit-w96-p8_1xb4-700i_digit-scenes.py': 'MaskRCNN',
    'quickstart/upernet-vit-w96-p8_1xb8-1800i_digit-scenes.py': 'EncoderDecoder',
}


@pytest.mark.parametrize('name, kind', CONFIGS.items())
def test_models_of_every_host(name, kind):
    before = DefaultScope.get_current_instance()
    assert type(mmengine.hub.get_model(f'mmaddp::{name}')).__name__ == kind
    assert DefaultScope.get_current_instance() is before


def test_models_of_hosts_are_built_as_before():
    model = mmengine.hub.get_model('mmpretrain::resnet/resnet18_8xb32_in1k.py')
    assert type(model).__name__ == 'ImageClassifier'
