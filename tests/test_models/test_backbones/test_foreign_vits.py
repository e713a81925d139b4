"""Checkpoints of mmpretrain's MAE and BEiT in our backbone, for comparison."""

import pytest
import torch
from mmpretrain.models import MAEViT
from mmpretrain.models.backbones import BEiTViT
from mmpretrain.models.selfsup import BEiTPretrainViT

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


def assert_same(one, other, images):
    with torch.no_grad():
        expected, found = one(images)[-1], other(images)[-1]
    assert float((found - expected).norm() / expected.norm()) < 1e-5


def test_mae(images, tmp_path):
    mae = randomised(MAEViT(**SIZES))
    backbone = ours(mae, tmp_path, out_type='raw')
    with torch.no_grad():
        expected, found = mae(images, mask=None)[-1], backbone(images)[-1]
    assert float((found - expected).norm() / expected.norm()) < 1e-5


BEITS = {
    'own tables': dict(),
    'shared table': dict(use_rel_pos_bias=False, use_shared_rel_pos_bias=True),
    'with positions': dict(use_abs_pos_emb=True),
    'without scales': dict(layer_scale_init_value=0),
}


@pytest.mark.parametrize('settings', BEITS.values(), ids=BEITS)
def test_beit(images, tmp_path, settings):
    beit = randomised(BEiTViT(**SIZES, out_type='raw', **settings))
    backbone = ours(beit, tmp_path, 'mmaddp.ADDPViTSeg', out_type='raw', final_norm=False)
    assert_same(beit, backbone, images)


def test_fine_tuned_beit_averages_and_then_norms(images, tmp_path):
    beit = randomised(BEiTViT(**SIZES, out_type='avg_featmap'))
    settings = dict(out_type='avg_featmap', final_norm=False)
    assert_same(beit, ours(beit, tmp_path, 'mmaddp.ADDPViTSeg', **settings), images)


def test_beit_of_a_pretraining(images, tmp_path):
    """Its mask token is of no use afterwards."""
    settings = dict(use_rel_pos_bias=False, use_shared_rel_pos_bias=True, final_norm=True)
    pretrained = randomised(BEiTPretrainViT(**SIZES, out_type='raw', **settings))
    backbone = ours(pretrained, tmp_path, 'mmaddp.ADDPViTSeg', out_type='raw')
    plain = BEiTViT(**SIZES, out_type='raw', **settings)
    plain.eval()
    weights = pretrained.state_dict()
    plain.load_state_dict({k: v for k, v in weights.items() if k != 'mask_token'})
    assert_same(plain, backbone, images)


def test_the_biases_are_not_lost(images, tmp_path):
    beit = randomised(BEiTViT(**SIZES, out_type='raw'))
    backbone = ours(beit, tmp_path, 'mmaddp.ADDPViTSeg', out_type='raw', final_norm=False)
    for layer in backbone.layers:
        torch.nn.init.zeros_(layer.rel_pos_bias.table)
    with pytest.raises(AssertionError):
        assert_same(beit, backbone, images)


def test_plain_backbone_refuses_beit(tmp_path):
    beit = randomised(BEiTViT(**SIZES, out_type='raw'))
    with pytest.raises(ValueError, match=r'left over: .*q_bias'):
        ours(beit, tmp_path, out_type='raw', final_norm=False)
