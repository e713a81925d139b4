import pytest
import torch
from torch import nn

from mmaddp.models import VQGAN
from mmaddp.models.tokenizers import quantizer as quantizer_module
from mmaddp.models.tokenizers.layers import ResidualBlock
from mmaddp.models.tokenizers.quantizer import Quantizer
from mmaddp.registry import MODELS


def build(**kwargs):
    settings = dict(
        base_channels=8,
        channel_multipliers=(1, 2, 2),
        num_res_blocks=1,
        num_codes=64,
        code_dims=6,
        num_groups=4,
    )
    return MODELS.build(dict(type='mmaddp.VQGAN', **{**settings, **kwargs}))


@pytest.mark.parametrize('height, width', [(32, 32), (32, 48)])
def test_shapes(height, width):
    tokenizer = build()
    images = torch.rand(2, 3, height, width)
    grid = (height // 4, width // 4)
    token_ids, z = tokenizer.encode(images)
    assert tokenizer.stride == 4
    assert token_ids.shape == (2, grid[0] * grid[1]) and token_ids.dtype == torch.long
    assert z.shape == (2, 6, *grid)
    assert tokenizer.decode(z).shape == images.shape
    assert tokenizer.embed(token_ids).shape == (2, grid[0] * grid[1], 6)


def test_ids_are_row_major_and_stand_for_z():
    tokenizer = build()
    token_ids, z = tokenizer.encode(torch.rand(2, 3, 32, 32))
    for row, column in [(0, 0), (0, 5), (3, 2)]:
        code = tokenizer.quantize.embedding.weight[token_ids[1, row * 8 + column]]
        assert torch.equal(z[1, :, row, column], code)


def test_default_is_the_released_size():
    with torch.device('meta'):
        tokenizer = VQGAN()
    shapes = {name: tuple(value.shape) for name, value in tokenizer.state_dict().items()}
    assert tokenizer.stride == 16
    assert shapes['quantize.embedding.weight'] == (1024, 256)
    assert shapes['encoder.down.4.block.0.nin_shortcut.weight'] == (512, 512, 1, 1)
    assert shapes['decoder.up.3.block.0.conv1.weight'] == (256, 512, 3, 3)
    assert 'decoder.up.0.upsample.conv.weight' not in shapes
    assert 'decoder.up.4.block.2.conv1.weight' not in shapes


def test_shortcut_acts_on_the_processed_branch():
    block = ResidualBlock(4, 8, num_groups=2)
    x = torch.randn(1, 4, 6, 6)
    h = block.conv1(nn.functional.silu(block.norm1(x)))
    h = block.conv2(nn.functional.silu(block.norm2(h)))
    assert torch.allclose(block(x), h + block.nin_shortcut(h), atol=1e-6)
    assert block.nin_shortcut.in_channels == 8
    assert ResidualBlock(4, 4, num_groups=2).nin_shortcut is None


def test_no_attention_and_where_biases_are():
    tokenizer = build()
    kinds = {type(module) for module in tokenizer.modules()}
    assert nn.MultiheadAttention not in kinds and nn.Linear not in kinds
    assert not any('attn' in name for name, _ in tokenizer.named_modules())
    with_bias = {
        name
        for name, module in tokenizer.named_modules()
        if isinstance(module, nn.Conv2d) and module.bias is not None
    }
    assert with_bias == {
        'encoder.conv_out',
        'decoder.conv_in',
        'decoder.conv_out',
        'decoder.up.1.upsample.conv',
        'decoder.up.2.upsample.conv',
    }
    assert all(m.eps == 1e-6 for m in tokenizer.modules() if isinstance(m, nn.GroupNorm))


def test_encoder_pools_by_averaging():
    encoder = build().encoder
    for level in encoder.down:
        level.block = nn.ModuleList()
    seen = []
    encoder.mid.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    images = torch.rand(1, 3, 32, 32)
    # Without blocks the channels of the levels do not change, so only the pooling is left.
    with pytest.raises(RuntimeError):
        encoder(images)
    expected = nn.functional.avg_pool2d(encoder.conv_in(images), 4)
    assert torch.allclose(seen[0], expected, atol=1e-6)


def test_nearest_is_the_brute_force_answer(monkeypatch):
    quantizer = Quantizer(50, 5)
    vectors = torch.randn(101, 5)
    expected = (vectors[:, None] - quantizer.embedding.weight).square().sum(-1).argmin(1)
    assert torch.equal(quantizer.nearest(vectors), expected)
    monkeypatch.setattr(quantizer_module, 'MAX_DISTANCES', 170)
    assert torch.equal(quantizer.nearest(vectors), expected)


def test_distance_is_float32_under_autocast():
    quantizer = Quantizer(200, 16)
    vectors = 30 + 0.01 * torch.randn(64, 16)
    quantizer.embedding.weight.data.copy_(30 + 0.01 * torch.randn(200, 16))
    expected = (vectors[:, None].double() - quantizer.embedding.weight.double()).square().sum(-1)
    with torch.autocast('cpu', torch.bfloat16):
        ids = quantizer.nearest(vectors)
    chosen = expected.gather(1, ids[:, None]).squeeze(1)
    # bfloat16 would round all of them to 30.
    assert (chosen - expected.amin(1)).max() < 1e-6
    assert len(ids.unique()) > 20


def test_gradient_goes_straight_through():
    tokenizer = build()
    output = tokenizer(torch.rand(2, 3, 32, 32))
    output.latent.retain_grad()
    output.recon.square().mean().backward()
    assert output.latent.grad.abs().sum() > 0
    assert tokenizer.encoder.conv_in.weight.grad.abs().sum() > 0
    assert tokenizer.quantize.embedding.weight.grad is None
    decoded = tokenizer.decode(output.codes)
    assert torch.allclose(output.recon, decoded, atol=1e-5)


def test_unquantized_pass_decodes_the_latent():
    tokenizer = build()
    output = tokenizer(torch.rand(1, 3, 32, 32), quantized=False)
    assert torch.equal(output.recon, tokenizer.decode(output.latent))


def test_expectation_of_a_certain_distribution_is_the_code():
    tokenizer = build()
    token_ids = torch.randint(64, (2, 10))
    probs = nn.functional.one_hot(token_ids, 64).float()
    assert torch.allclose(tokenizer.expect(probs), tokenizer.embed(token_ids))
    uniform = tokenizer.expect(torch.full((1, 1, 64), 1 / 64))
    assert torch.allclose(uniform[0, 0], tokenizer.quantize.embedding.weight.mean(0), atol=1e-6)


def test_size_that_the_stride_does_not_divide():
    with pytest.raises(ValueError, match=r'32 x 30 pixels.*stride, 4'):
        build().encode(torch.rand(1, 3, 32, 30))


@pytest.mark.parametrize(
    'wrong, message',
    [
        (dict(num_codes=0), 'positive num_codes'),
        (dict(channel_multipliers=()), 'positive channel_multipliers'),
        (dict(num_groups=3), '8 channels.*num_groups=3'),
    ],
)
def test_wrong_sizes(wrong, message):
    with pytest.raises(ValueError, match=message):
        build(**wrong)
