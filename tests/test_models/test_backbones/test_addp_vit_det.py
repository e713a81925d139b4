import pytest
import torch
from torch.nn import functional as F
from toy_models import WIDTH, toy_vit

from mmaddp.models.backbones import ADDPViT
from mmaddp.registry import MODELS
from mmaddp.weights.checkpoint import load_weights

LEFT_OVER = (r'cls_token$', r'ln1\.', r'pre_norm\.')
REL_POS = (r'layers\.\d+\.attn\.rel_pos_[hw]$',)


def toy_vit_det(**kwargs) -> dict:
    config = toy_vit() | dict(type='mmaddp.ADDPViTDet', input_size=64, window_size=3)
    config.pop('out_type')
    return config | dict(global_indices=(1,)) | kwargs


def build(**kwargs):
    torch.manual_seed(0)
    model = MODELS.build(toy_vit_det(**kwargs))
    model.init_weights()
    return model.eval()


def fill_rel_pos(model, std=0.5):
    for name, table in model.named_parameters():
        if 'rel_pos' in name:
            torch.nn.init.normal_(table, std=std)
    return model


def pretrained_weights():
    torch.manual_seed(1)
    encoder = MODELS.build(toy_vit())
    encoder.init_weights()
    return encoder.state_dict()


def written_out(attention, x, mask_padding=False):
    """Attention over the zero-padded map with all N x N logits and a block mask."""
    batch, height, width, channels = x.shape
    window = attention.window_size or max(height, width)
    rows, columns = (-(-side // window) * window for side in (height, width))
    if not attention.window_size:
        rows, columns = height, width
    x = F.pad(x, (0, 0, 0, columns - width, 0, rows - height))
    i, j = (place.flatten() for place in torch.meshgrid(
        torch.arange(rows), torch.arange(columns), indexing='ij'
    ))  # fmt: skip
    qkv = attention.qkv(x).reshape(batch, rows * columns, 3, attention.num_heads, -1)
    q, k, v = qkv.permute(2, 0, 3, 1, 4)
    logits = q @ k.transpose(-1, -2) * attention.head_dims**-0.5
    by_row, by_column = i[:, None] - i, j[:, None] - j
    same_window = (i // window == i[:, None] // window) & (j // window == j[:, None] // window)
    for table, offset in ((attention.rel_pos_h, by_row), (attention.rel_pos_w, by_column)):
        row = (offset + len(table) // 2).clamp(0, len(table) - 1)
        logits = logits + torch.einsum('bnqd,qkd->bnqk', q, table[row])
    seen = same_window & (((i < height) & (j < width)) | (not mask_padding))
    out = logits.masked_fill(~seen, -torch.inf).softmax(-1) @ v
    out = attention.proj(out.transpose(1, 2).reshape(batch, rows, columns, channels))
    return out[:, :height, :width]


@pytest.mark.parametrize('size', [(32, 32), (64, 40)])
@pytest.mark.parametrize('pre_norm', [True, False])
def test_without_windows_it_is_addp_vit(size, pre_norm):
    """The class token is no part of a detector's map, so neither of the encoder compared with."""
    detector = build(window_size=0, pre_norm=pre_norm)
    options = dict(with_cls_token=False, final_norm=False, out_type='featmap', pre_norm=pre_norm)
    encoder = MODELS.build(toy_vit(**options)).eval()
    left_over = LEFT_OVER[: 2 if pre_norm else 3]
    load_weights(encoder, pretrained_weights(), 'toy', allow_unexpected=left_over)
    load_weights(detector, pretrained_weights(), 'toy', REL_POS, left_over)
    images = torch.randn(2, 3, *size)
    (expected,), (found,) = encoder(images), detector(images)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    weights = torch.randn_like(found)
    (expected * weights).sum().backward()
    (found * weights).sum().backward()
    ours = dict(detector.named_parameters())
    for name, parameter in encoder.named_parameters():
        torch.testing.assert_close(ours[name].grad, parameter.grad, atol=1e-4, rtol=1e-4)


def test_weights_of_the_encoder_leave_nothing_unexplained():
    with pytest.raises(ValueError, match=r'left over: cls_token, ln1\.weight, ln1\.bias'):
        load_weights(build(), pretrained_weights(), 'toy', allow_missing=REL_POS)
    with pytest.raises(ValueError, match=r'missing.*rel_pos'):
        load_weights(build(), pretrained_weights(), 'toy', allow_unexpected=LEFT_OVER)


def test_class_entry_of_the_position_table_is_dropped():
    model, weights = build(), pretrained_weights()
    load_weights(model, weights, 'toy', REL_POS, LEFT_OVER)
    torch.testing.assert_close(model.pos_embed, weights['pos_embed'][:, 1:])


@pytest.mark.parametrize('mask_padding', [False, True])
@pytest.mark.parametrize('block', [0, 1], ids=['windowed', 'global'])
@pytest.mark.parametrize('grid, window', [((6, 6), 3), ((7, 4), 3), ((2, 8), 3), ((20, 15), 14)])
def test_attention_is_the_written_out_one(block, grid, window, mask_padding):
    sizes = dict(input_size=(8 * grid[0], 8 * grid[1]), window_size=window)
    model = fill_rel_pos(build(mask_padding=mask_padding, **sizes))
    attention = model.layers[block].attn.double()
    torch.nn.init.normal_(attention.qkv.bias)  # what padding turns into
    x = torch.randn(2, *grid, WIDTH, dtype=torch.double, requires_grad=True)
    parameters = [x, *attention.parameters()]
    found, expected = attention(x), written_out(attention, x, mask_padding)
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-8)
    weights = torch.randn_like(found)
    grads = (torch.autograd.grad((out * weights).sum(), parameters) for out in (found, expected))
    for gradient, reference in zip(*grads):
        assert reference.abs().sum() > 0
        torch.testing.assert_close(gradient, reference, atol=1e-9, rtol=1e-7)


def test_padding_is_attended_to_unless_masked():
    torch.manual_seed(0)
    x = torch.randn(1, 4, 4, WIDTH)
    found = []
    for mask_padding in (False, True):
        attention = build(mask_padding=mask_padding).layers[0].attn
        torch.nn.init.constant_(attention.qkv.bias, 1.0)
        found.append(attention(x))
    inner = (slice(None), slice(0, 3), slice(0, 3))
    torch.testing.assert_close(found[0][inner], found[1][inner])
    assert (found[0] - found[1])[:, 3].abs().amax() > 1e-3


@pytest.mark.parametrize('size', [3, 8, 13])
def test_tables_for_other_sizes_are_resized_as_in_vitdet(size):
    from mmpretrain.models.backbones.vit_sam import get_rel_pos

    from mmaddp.models.utils.grid_attention import offset_rows

    table = torch.randn(15, 4)
    torch.testing.assert_close(offset_rows(table, size), get_rel_pos(size, size, table))


def test_drop_path_drops_samples_not_windows():
    model = build(drop_path_rate=0.5, global_indices=()).train()
    branch = model.layers[1].attn(torch.randn(64, 6, 6, WIDTH))
    zero = (branch == 0).flatten(1)
    assert (zero.all(1) == zero.any(1)).all()
    assert 10 < zero.all(1).sum() < 54


def test_any_size_is_padded_to_whole_patches():
    model = fill_rel_pos(build())
    images = torch.randn(1, 3, 37, 50)
    (out,) = model(images)
    assert out.shape == (1, WIDTH, 5, 7)
    torch.testing.assert_close(out, model(F.pad(images, (0, 6, 0, 3)))[0])


def test_position_table_stays_that_of_pre_training():
    model = build()
    assert model.pos_embed.shape == (1, 16, WIDTH)
    model(torch.randn(1, 3, 64, 40))[0].sum().backward()
    assert (model.pos_embed.grad != 0).any(-1).all()


def test_default_blocks_and_tables():
    arch = dict(embed_dims=8, num_heads=1, feedforward_channels=8)
    for depth, expected in ((12, [2, 5, 8, 11]), (24, [5, 11, 17, 23])):
        model = MODELS.build(dict(type='mmaddp.ADDPViTDet', arch=arch | dict(num_layers=depth)))
        attentions = [layer.attn for layer in model.layers]
        rows = [len(attention.rel_pos_h) for attention in attentions]
        assert [
            i for i, attention in enumerate(attentions) if not attention.window_size
        ] == expected
        assert {rows[i] for i in expected} == {127}
        assert {rows[i] for i in range(depth) if i not in expected} == {27}
        assert not any(attention.rel_pos_w.any() for attention in attentions)


def test_layers_of_the_learning_rate_decay():
    model = build()
    depths = {name: model.get_layer_depth(name)[0] for name, _ in model.named_parameters()}
    assert depths['pos_embed'] == depths['patch_embed.projection.weight'] == 0
    assert depths['layers.0.attn.rel_pos_h'] == 1
    assert depths['layers.1.attn.qkv.bias'] == 2


def test_frozen_blocks_take_their_relative_positions_with_them():
    model = build(frozen_stages=2).train()
    assert not any(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(global_indices=None), 'depth of 2 has no quarters'),
        (dict(global_indices=(0, 2)), r'\[2\] are not among the 2 blocks'),
        (dict(input_size=4), 'input_size 4 is smaller than patch_size 8'),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_it_is_an_addp_vit():
    assert isinstance(build(), ADDPViT)


def test_activation_checkpointing_changes_nothing():
    images = torch.randn(1, 3, 40, 32)
    gradients = []
    for with_cp in (False, True):
        model = fill_rel_pos(build(with_cp=with_cp)).train()
        model(images)[0].square().sum().backward()
        gradients.append([parameter.grad for parameter in model.parameters()])
    for plain, recomputed in zip(*gradients):
        torch.testing.assert_close(recomputed, plain)


@pytest.mark.parametrize('tile', [1, 50, 10**6])
def test_tiles_and_channels_are_the_same_attention(monkeypatch, tile):
    """Rows of a map, whole maps and all at once; the channels are what a GPU takes."""
    from mmaddp.models.utils import grid_attention, tiled_attention

    attention = fill_rel_pos(build()).layers[0].attn.double()
    x = torch.randn(3, 5, 4, WIDTH, dtype=torch.double, requires_grad=True)
    parameters = [x, *attention.parameters()]
    weights = torch.randn_like(x)
    monkeypatch.setattr(tiled_attention, 'TILE', tile)
    found = []
    for tiles in (True, False):
        monkeypatch.setattr(grid_attention, 'tiles_are_quicker', lambda q, tiles=tiles: tiles)
        out = attention(x)
        found.append([out, *torch.autograd.grad((out * weights).sum(), parameters)])
    for by_tiles, by_channels in zip(*found):
        torch.testing.assert_close(by_tiles, by_channels, atol=1e-10, rtol=1e-8)
