"""Relative positions as a learned bias of the attention."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Entries after the offsets: class token to patch, patch to class token, class token to itself.
NUM_CLASS_ENTRIES = 3


class RelativePositionBias(nn.Module):
    """One number per head for every offset between two patches, as in BEiT.

    The table is zero at first, so that attention starts out as the pre-trained one. On a grid other
    than its own, the offsets are resized bicubically, as the absolute positions are.

    Args:
        grid (tuple[int, int]): Rows and columns of patches, (h, w), for which the table is made.
        num_heads (int): Attention heads.
    """

    def __init__(self, grid: tuple[int, int], num_heads: int):
        super().__init__()
        self.grid = (grid[0], grid[1])
        rows, columns = _num_offsets(self.grid)
        self.table = nn.Parameter(torch.zeros(rows * columns + NUM_CLASS_ENTRIES, num_heads))
        self.register_buffer('index', _offset_index(self.grid), persistent=False)

    def forward(self, grid: tuple[int, int]) -> Tensor:
        """Bias of every pair of tokens.

        Args:
            grid (tuple[int, int]): Rows and columns of patches of the input, (h, w).

        Returns:
            Tensor: Shape (heads, 1 + h * w, 1 + h * w), queries before keys, class token first.
        """
        if tuple(grid) == self.grid:
            table, index = self.table, self.index
        else:
            table, index = self._resized(grid), _offset_index(grid, self.table.device)
        # Unlike table[index], both add gradients in the same order whatever the number of threads.
        if table.device.type != 'cpu':
            return F.embedding(index, table).permute(2, 0, 1)
        by_head = index.flatten().expand(table.shape[1], -1)
        return table.t().gather(1, by_head).unflatten(1, index.shape)

    def _resized(self, grid: tuple[int, int]) -> Tensor:
        offsets = self.table[:-NUM_CLASS_ENTRIES].t().unflatten(1, _num_offsets(self.grid))
        offsets = F.interpolate(
            offsets[None].float(), _num_offsets(grid), mode='bicubic', align_corners=False
        )[0]
        offsets = offsets.flatten(1).t().to(self.table.dtype)
        return torch.cat((offsets, self.table[-NUM_CLASS_ENTRIES:]))


def _num_offsets(grid: tuple[int, int]) -> tuple[int, int]:
    return 2 * grid[0] - 1, 2 * grid[1] - 1


def _offset_index(grid: tuple[int, int], device=None) -> Tensor:
    """Row of the table for every pair (query, key), long, shape (1 + h * w, 1 + h * w)."""
    height, width = grid
    rows, columns = (torch.arange(side, device=device) for side in grid)
    row, column = (axis.flatten() for axis in torch.meshgrid(rows, columns, indexing='ij'))
    down = row[:, None] - row + height - 1
    right = column[:, None] - column + width - 1
    num_rows, num_columns = _num_offsets(grid)
    index = F.pad(down * num_columns + right, (1, 0, 1, 0))
    index[0, :] = num_rows * num_columns
    index[:, 0] = num_rows * num_columns + 1
    index[0, 0] = num_rows * num_columns + 2
    return index
