import pytest
import torch
from toy_models import toy_vit

from mmaddp.models.utils import MaskedAttention
from mmaddp.registry import MODELS

TAPS = dict(out_type='featmap', out_indices=(0, 1, 1))


def build(kind='ADDPViTSeg', **kwargs):
    torch.manual_seed(0)
    model = MODELS.build(toy_vit(**TAPS | kwargs) | dict(type=f'mmaddp.{kind}'))
    model.init_weights()
    return model.eval()


def with_random_tables(model):
    torch.manual_seed(1)
    for layer in model.layers:
        torch.nn.init.normal_(layer.rel_pos_bias.table)
    return model


@pytest.mark.parametrize('size', [(32, 32), (40, 56), (16, 9)])
def test_zero_tables_leave_the_pretrained_features(size):
    plain, biased = build('ADDPViT'), build(layer_scale_init_value=1.0)
    result = biased.load_state_dict(plain.state_dict(), strict=False)
    assert not result.unexpected_keys
    assert all('rel_pos_bias' in key or 'gamma' in key for key in result.missing_keys)
    images = torch.rand(2, 3, *size)
    wanted, got = plain(images), biased(images)
    grid = [-(-side // 8) for side in size]
    assert [list(feature.shape) for feature in got] == [[2, 16, *grid]] * 3
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=0)


def test_taps_may_repeat_and_keep_their_order():
    images = torch.rand(1, 3, 32, 32)
    first, last = build(out_indices=(0, 1))(images)
    outs = build(out_indices=(1, 0, 1))(images)
    for got, wanted in zip(outs, (last, first, last)):
        assert torch.equal(got, wanted)


def test_attention_equals_the_written_out_formula_and_so_do_its_gradients():
    torch.manual_seed(0)
    attention = MaskedAttention(16, 2)
    tokens, bias = torch.rand(2, 5, 16, requires_grad=True), torch.randn(2, 5, 5).requires_grad_()

    def formula():
        qkv = attention.qkv(tokens).reshape(2, 5, 3, 2, 8).permute(2, 0, 3, 1, 4)
        weights = (qkv[0] @ qkv[1].transpose(-1, -2) / 8**0.5 + bias).softmax(-1)
        return attention.proj((weights @ qkv[2]).transpose(1, 2).reshape(2, 5, 16))

    results = [attention(tokens, bias), formula()]
    torch.testing.assert_close(*results, atol=1e-5, rtol=0)
    gradients = [torch.autograd.grad(out.square().sum(), (tokens, bias)) for out in results]
    torch.testing.assert_close(*gradients, atol=1e-5, rtol=0)
    assert all(gradient.any() for gradient in gradients[0])


def test_biases_are_those_of_mmsegmentations_mae():
    """Of q, k and v alike, in one vector."""
    from mmseg.models.backbones import MAE

    theirs = MAE(img_size=32, patch_size=8, embed_dims=16, num_layers=2, num_heads=2, mlp_ratio=4)
    for ours, layer in zip(build().layers, theirs.layers):
        names = {name for name, _ in layer.attn.named_parameters() if 'bias' in name}
        assert names == {'qkv.bias', 'proj.bias', 'relative_position_bias_table'}
        assert layer.attn.qkv.bias.shape == ours.attn.qkv.bias.shape == (3 * 16,)


def test_every_layer_uses_its_own_table():
    model = with_random_tables(build())
    images = torch.rand(1, 3, 32, 32)
    features = model(images)
    model.layers[1].rel_pos_bias.table.data.zero_()
    changed = model(images)
    assert torch.equal(changed[0], features[0])
    assert not torch.allclose(changed[1], features[1], atol=1e-3)


@pytest.mark.parametrize('size', [(32, 32), (24, 48)])
def test_tables_and_scales_get_gradients(size):
    model = with_random_tables(build(layer_scale_init_value=1.0)).train()
    sum(out.square().mean() for out in model(torch.rand(2, 3, *size))).backward()
    for layer in model.layers:
        for parameter in (layer.rel_pos_bias.table, layer.attn.gamma1.weight):
            assert parameter.grad.any()


def test_frozen():
    model = build(frozen_stages=2, final_norm=False)
    assert not [name for name, p in model.named_parameters() if p.requires_grad]


def test_drop_path_grows_with_depth():
    model = build(drop_path_rate=0.3)
    assert [layer.attn.out_drop.drop_prob for layer in model.layers] == [0.0, 0.3]


def test_layer_cfgs_are_refused():
    with pytest.raises(ValueError, match='layer_cfgs'):
        build(layer_cfgs=dict(ffn_type='swiglu_fused'))
