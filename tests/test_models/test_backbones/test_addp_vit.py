import pytest
import torch
from toy_models import WIDTH, toy_vit

from mmaddp.registry import MODELS


def build(**kwargs):
    torch.manual_seed(0)
    model = MODELS.build(toy_vit(**kwargs))
    model.init_weights()
    return model.eval()


@pytest.mark.parametrize(
    'out_type, shape',
    [('raw', (2, 17, WIDTH)), ('featmap', (2, WIDTH, 4, 4)), ('avg_featmap', (2, WIDTH))],
)
def test_output_shape(out_type, shape):
    (out,) = build(out_type=out_type)(torch.rand(2, 3, 32, 32))
    assert out.shape == shape


def test_all_tokens_come_out_and_depend_on_their_pixels():
    model = build()
    images = torch.rand(1, 3, 32, 32)
    changed = images.clone()
    changed[..., -8:, -8:] += 1
    embedded, other = model.embed(images)[0], model.embed(changed)[0]
    differs = (embedded != other).any(-1)[0]
    assert differs.tolist() == [False] * 16 + [True]


def test_pre_norm_acts_before_dropout():
    """Dropout comes behind the norm: dropped entries are zero where the blocks begin."""
    model = build(drop_rate=0.5)
    model.train()
    seen = {}
    model.pre_norm.register_forward_pre_hook(lambda _, args: seen.update(norm_in=args[0]))
    model.layers[0].register_forward_pre_hook(lambda _, args: seen.update(block_in=args[0]))
    model(torch.rand(4, 3, 32, 32))
    assert (seen['norm_in'] == 0).float().mean() < 0.01
    assert 0.4 < (seen['block_in'] == 0).float().mean() < 0.6


def test_pre_norm_switch_keeps_the_patch_bias():
    kept, dropped = build(pre_norm=True), build(pre_norm=False)
    assert kept.patch_embed.projection.bias is not None
    assert {'pre_norm.weight', 'pre_norm.bias'} == set(kept.state_dict()) - set(
        dropped.state_dict()
    )


def test_initialisation_is_the_released_one():
    arch = dict(embed_dims=128, num_layers=1, num_heads=2, feedforward_channels=512)
    model = build(arch=arch)
    for table in (model.pos_embed, model.cls_token):
        assert 0.014 < table.std() < 0.026
    qkv = model.layers[0].attn.qkv
    assert qkv.weight.abs().max() <= (6 / (128 + 384)) ** 0.5
    assert not qkv.bias.any()
    fan_in, fan_out = 3 * 8 * 8, 128
    bound = (6 / (fan_in + fan_out)) ** 0.5
    assert 0.95 * bound < model.patch_embed.projection.weight.abs().max() <= bound
    assert model.patch_embed.projection.bias.abs().max() > 0


def test_other_sizes_resize_the_positions():
    small, large = build(), build(img_size=64)
    large.load_state_dict(small.state_dict())
    torch.testing.assert_close(large.pos_embed[:, 0], small.pos_embed[:, 0])
    images = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(large(images)[0], small(images)[0])


def test_size_that_the_patch_does_not_divide():
    with pytest.raises(ValueError, match='36 is not a multiple of patch_size 8'):
        build(img_size=36)
