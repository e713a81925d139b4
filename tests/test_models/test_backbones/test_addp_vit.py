import pytest
import torch
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from toy_models import WIDTH, toy_vit

from mmaddp.registry import MODELS
from mmaddp.weights.checkpoint import load_weights


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


def test_positions_start_as_large_as_asked_for():
    arch = dict(embed_dims=128, num_layers=1, num_heads=2, feedforward_channels=512)
    model = build(arch=arch, pos_std=0.5)
    assert 0.45 < model.pos_embed.std() < 0.55
    assert model.cls_token.std() < 0.03


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


def test_loaded_positions_are_resized_bicubically_and_the_class_entry_copied():
    small, large = build(), build(img_size=(64, 40))
    load_weights(large, small.state_dict(), 'small')
    grid = small.pos_embed[:, 1:].reshape(1, 4, 4, WIDTH).permute(0, 3, 1, 2)
    expected = torch.nn.functional.interpolate(
        grid, size=(8, 5), mode='bicubic', align_corners=False
    )
    torch.testing.assert_close(large.pos_embed[:, 0], small.pos_embed[:, 0], rtol=0, atol=0)
    torch.testing.assert_close(
        large.pos_embed[:, 1:], expected.flatten(2).transpose(1, 2), rtol=0, atol=0
    )


def test_layer_depth():
    model = build(out_type='avg_featmap', final_norm=False)
    depths = {name: model.get_layer_depth(f'backbone.{name}', 'backbone.') for name in names(model)}
    assert {total for _, total in depths.values()} == {4}
    for name, (depth, _) in depths.items():
        first = name.split('.')[0]
        expected = 3 if first == 'ln2' else 0
        assert depth == (int(name.split('.')[1]) + 1 if first == 'layers' else expected), name
    assert model.get_layer_depth('head.fc.weight', 'backbone.') == (3, 4)


def names(model):
    return [name for name, _ in model.named_parameters()]


def test_frozen_blocks_are_not_trained_and_stay_in_evaluation_mode():
    model = build(frozen_stages=1, drop_rate=0.5, drop_path_rate=0.5).train()
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trained == {n for n in names(model) if n.startswith(('layers.1.', 'ln1.'))}
    assert not any(part.training for part in model.layers[0].modules())
    assert not model.drop_after_pos.training and model.layers[1].training


def test_all_blocks_frozen_means_everything():
    model = build(frozen_stages=2, out_type='avg_featmap', drop_rate=0.5).train()
    assert not any(p.requires_grad for p in model.parameters())
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(model(images)[0], model(images)[0])


def test_checkpointed_blocks_give_the_same_gradients(monkeypatch):
    images = torch.rand(2, 3, 32, 32)
    runs = []
    monkeypatch.setattr(
        'mmpretrain.models.backbones.vision_transformer.TransformerEncoderLayer.forward',
        counted := Counted(TransformerEncoderLayer.forward),
    )
    for with_cp in (False, True):
        model = build(drop_rate=0.3, drop_path_rate=0.3, with_cp=with_cp).train()
        counted.calls = 0
        torch.manual_seed(1)
        model(images)[0].square().sum().backward()
        runs.append(([p.grad for p in model.parameters()], counted.calls))
    (plain, calls), (saved, twice) = runs
    assert (calls, twice) == (2, 4)
    torch.testing.assert_close(saved, plain, rtol=0, atol=0)


class Counted:
    """A method that counts its calls."""

    def __init__(self, method):
        self.method, self.calls = method, 0

    def __get__(self, owner, kind):
        def call(*args):
            self.calls += 1
            return self.method(owner, *args)

        return call


@pytest.mark.parametrize('drop_rate, fused', [(0.0, 2), (0.1, 0)])
def test_attention_is_the_fused_kernel(drop_rate, fused):
    """With dropout it is written out, on a CPU, where the kernel would draw its masks slowly."""
    model = build(attn_drop_rate=drop_rate).train()
    with torch.profiler.profile() as profile:
        model(torch.rand(2, 3, 32, 32))
    calls = {event.key: event.count for event in profile.key_averages()}
    assert calls.get('aten::scaled_dot_product_attention', 0) == fused


def test_impossible_blocks():
    for wrong in (dict(out_indices=(0, 2)), dict(frozen_stages=3)):
        with pytest.raises(ValueError, match='There are 2 blocks'):
            build(**wrong)


@pytest.mark.parametrize('pre_norm, verdict', [(True, 'was loaded'), (False, 'was not used')])
def test_loading_reports_the_pre_norm(pre_norm, verdict, monkeypatch):
    lines = []
    monkeypatch.setattr('mmaddp.weights.checkpoint.print_log', lambda text, **_: lines.append(text))
    weights = build().state_dict()
    load_weights(build(pre_norm=pre_norm), weights, 'x.pth', allow_unexpected=[r'pre_norm\.'])
    (line,) = lines
    assert verdict in line and 'tokenizer_norm' in line and 'x.pth' in line
