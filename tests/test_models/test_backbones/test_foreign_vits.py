"""Checkpoints of mmpretrain's MAE in our backbone, for comparison."""

import pytest
import torch
from mmpretrain.models import MAEViT
from mmpretrain.models.backbones import BEiTViT

import mmaddp.models  # noqa: F401
from mmaddp.registry import MODELS

ARCH = dict(embed_dims=24, num_layers=2, num_heads=3, feedforward_channels=48)
SIZES = dict(arch=ARCH, img_size=32, patch_size=8)


def randomised(model):
    """A model whose every parameter counts: no zero biases, no ones."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    model.eval()  # mmpretrain's returns nothing
    return model


@pytest.fixture
def images():
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def ours(model, folder, kind='mmaddp.ADDPViT', **kwargs):
    """Our backbone, filled by ``init_cfg`` from a checkpoint of mmpretrain's layout."""
    weights = {f'backbone.{name}': tensor for name, tensor in model.state_dict().items()}
    file = folder / 'mmpretrain.pth'
    torch.save(dict(state_dict=weights | {'head.fc.weight': torch.zeros(1)}), file)
    init_cfg = dict(type='Pretrained', _scope_='mmaddp', checkpoint=str(file), prefix='backbone.')
    config = dict(type=kind, **SIZES, pre_norm=False, init_cfg=init_cfg, **kwargs)
    backbone = MODELS.build(config)
    backbone.init_weights()
    return backbone.eval()


def test_mae(images, tmp_path):
    mae = randomised(MAEViT(**SIZES))
    backbone = ours(mae, tmp_path, out_type='raw')
    with torch.no_grad():
        expected, found = mae(images, mask=None)[-1], backbone(images)[-1]
    assert float((found - expected).norm() / expected.norm()) < 1e-5


def test_plain_backbone_refuses_beit(tmp_path):
    beit = randomised(BEiTViT(**SIZES, out_type='raw'))
    with pytest.raises(ValueError, match=r'left over: .*q_bias'):
        ours(beit, tmp_path, out_type='raw', final_norm=False)
