"""Upsampling before a convolution, and what replaces it where no gradient is needed."""

import pytest
import torch
import torch.nn.functional as F

from mmaddp.models.tokenizers.layers import Upsample


def plainly(layer, x):
    return layer.conv(F.interpolate(x, scale_factor=2.0, mode='nearest'))


@pytest.mark.parametrize('size', [(1, 1), (3, 5)])
@torch.no_grad()
def test_small_kernels_give_the_same(size):
    torch.manual_seed(0)
    layer, x = Upsample(6), torch.randn(2, 6, *size)
    found = layer(x)
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found, plainly(layer, x), atol=1e-6, rtol=1e-5)
    with torch.autocast('cpu', torch.bfloat16):
        torch.testing.assert_close(layer(x), plainly(layer, x), atol=0.03, rtol=0.03)


def test_they_follow_the_weights_and_gradients_flow():
    layer, x = Upsample(4), torch.randn(1, 4, 2, 2)
    with torch.no_grad():
        before = layer(x)
        layer.conv.weight.mul_(2)
        layer.conv.bias.mul_(2)
        torch.testing.assert_close(layer(x), 2 * before)
    layer(x).sum().backward()
    torch.optim.AdamW(layer.parameters(), lr=0.1, fused=True).step()
    with torch.no_grad():
        torch.testing.assert_close(layer(x), plainly(layer, x))
        layer.conv.weight.data.zero_()  # as an exchange with averages does
        torch.testing.assert_close(layer(x), plainly(layer, x))
    layer.requires_grad_(False)
    torch.testing.assert_close(layer(x), plainly(layer, x))
    assert layer.conv.weight.grad.any()
    assert set(layer.state_dict()) == {'conv.weight', 'conv.bias'}
