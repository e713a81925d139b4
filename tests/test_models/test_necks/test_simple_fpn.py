import pytest
import torch
from torch import nn

from mmaddp.registry import MODELS


def build(**kwargs):
    torch.manual_seed(0)
    config = dict(type='mmaddp.SimpleFPN', in_channels=8, out_channels=6)
    return MODELS.build(config | kwargs)


def test_levels_of_an_even_and_of_an_odd_map():
    shapes = [tuple(out.shape) for out in build()((torch.randn(2, 8, 8, 4),))]
    assert shapes == [(2, 6, h, w) for h, w in ((32, 16), (16, 8), (8, 4), (4, 2), (2, 1))]
    shapes = [tuple(out.shape[2:]) for out in build()((torch.randn(1, 8, 5, 7),))]
    assert shapes == [(20, 28), (10, 14), (5, 7), (3, 4), (2, 2)]


def test_only_the_last_map_is_used():
    neck, last = build(), torch.randn(1, 8, 4, 4)
    for one, other in zip(neck((last,)), neck((torch.randn(1, 3, 9, 9), last))):
        torch.testing.assert_close(one, other)


def test_norms_are_over_channels_and_convolutions_have_no_bias():
    neck = build()
    out = neck((torch.randn(2, 8, 6, 6),))[2]
    torch.testing.assert_close(out.mean(1), torch.zeros(2, 6, 6), atol=1e-5, rtol=0)
    torch.testing.assert_close(out.std(1, unbiased=False), torch.ones(2, 6, 6), atol=1e-3, rtol=0)
    assert all(m.bias is None for m in neck.modules() if isinstance(m, nn.Conv2d))
    assert {m.eps for m in neck.modules() if isinstance(m, nn.LayerNorm)} == {1e-6}


def test_coarse_levels_pool_their_input():
    """The half-size level sees maxima of 2 x 2 places; the one above it every second place."""
    neck = build()
    image = torch.randn(1, 8, 8, 8)
    *_, half, quarter = neck((image,))
    pooled = nn.functional.max_pool2d(image, 2)
    torch.testing.assert_close(half, neck.levels[3][1:](pooled))
    torch.testing.assert_close(quarter, half[..., ::2, ::2])


def test_channels_halve_with_every_transposed_convolution():
    shapes = [tuple(m.weight.shape) for m in build().modules() if isinstance(m, nn.ConvTranspose2d)]
    assert shapes == [(8, 4, 2, 2), (4, 2, 2, 2), (8, 4, 2, 2)]


@pytest.mark.parametrize(
    'options, message',
    [(dict(scales=(3,)), 'got 3'), (dict(num_outs=2), 'num_outs 2 is below .* 4')],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
