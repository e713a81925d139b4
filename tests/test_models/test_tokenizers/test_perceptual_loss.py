import pytest
import torch
from torchvision.models import vgg16

from mmaddp.models.tokenizers.perceptual_loss import PerceptualLoss
from mmaddp.registry import MODELS


@pytest.fixture(scope='module')
def loss():
    with pytest.warns(UserWarning, match='random weights'):
        module = PerceptualLoss()
        module.init_weights()
    return module


def test_zero_for_equal_pictures_and_gradient_for_others(loss):
    images = torch.rand(1, 3, 32, 32)
    assert loss(images, images).item() == 0
    moved = images.roll(3, dims=-1).requires_grad_()
    distance = loss(moved, images)
    distance.backward()
    assert 0 < distance.item() <= 4
    assert moved.grad.abs().sum() > 0


def test_frozen(loss):
    assert not any(parameter.requires_grad for parameter in loss.parameters())
    assert loss.train() is loss and not loss.training


def test_weights_come_from_a_torchvision_file(tmp_path):
    with torch.device('meta'):
        shapes = vgg16(weights=None).features.state_dict()
    weights = {f'features.{name}': torch.rand(value.shape) for name, value in shapes.items()}
    torch.save({**weights, 'classifier.6.bias': torch.rand(1000)}, tmp_path / 'vgg16.pth')
    init_cfg = dict(
        type='Pretrained',
        _scope_='mmaddp',
        checkpoint=str(tmp_path / 'vgg16.pth'),
        allow_unexpected=['classifier'],
    )
    loaded = MODELS.build(dict(type='mmaddp.PerceptualLoss', init_cfg=init_cfg))
    loaded.init_weights()
    assert torch.equal(loaded.features[28].weight, weights['features.28.weight'])
