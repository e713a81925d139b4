"""Parts that take any size give what those give that they replace."""

import pytest
import torch
from mmpretrain.models.utils import MultiheadAttention
from torch import nn

from mmaddp.export.any_size import AnySizePool
from mmaddp.export.grid_attention import AnySizeGridAttention
from mmaddp.models.utils import GridAttention


@pytest.mark.parametrize('cells', [1, 2, 3, 6, (2, 5)])
@pytest.mark.parametrize('size', [(1, 2), (6, 7), (13, 4)])
def test_pool(cells, size):
    x = torch.randn(2, 3, *size)
    torch.testing.assert_close(AnySizePool(cells)(x), nn.AdaptiveAvgPool2d(cells)(x))


@pytest.mark.parametrize('mask_padding', [False, True])
@pytest.mark.parametrize('window', [0, 3])
@pytest.mark.parametrize('grid', [(4, 6), (5, 7), (2, 3)])
def test_grid_attention(window, mask_padding, grid):
    torch.manual_seed(0)
    table_grid = (window, window) if window else (4, 6)
    attention = GridAttention(MultiheadAttention(8, 2), window, table_grid, mask_padding).eval()
    nn.init.normal_(attention.rel_pos_h)
    nn.init.normal_(attention.rel_pos_w)
    x = torch.randn(2, *grid, 8)
    with torch.no_grad():
        torch.testing.assert_close(AnySizeGridAttention(attention)(x), attention(x))
