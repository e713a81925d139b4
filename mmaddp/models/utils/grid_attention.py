"""Self-attention over a map of tokens, in windows or over all of it, with relative positions."""

from typing import Optional

import torch
from mmpretrain.models.backbones.vit_sam import window_partition, window_unpartition
from mmpretrain.models.utils import MultiheadAttention
from torch import Tensor, nn
from torch.nn import functional as F

from .tiled_attention import tiled_attention, tiles_are_quicker


class GridAttention(nn.Module):
    """Multi-head attention of ViTDet.

    Windows do not overlap; where the window does not divide the map, zeros are added at the bottom
    and right, and cut off again. Decomposed relative positions add
    ``q . R_h[i_q - i_k] + q . R_w[j_q - j_k]`` to the logit of query (i_q, j_q) and key
    (i_k, j_k), with the unscaled q (MViTv2, equation 4). There is no mask of N x N entries, so
    memory grows with N rather than N squared:

    - For PyTorch's fused kernels, the two terms enter as further channels: of the query its
      products with the rows of the tables, of the key the one-hot codes of its row and column.
    - Trained on a CPU in float32, where these channels double or triple the arithmetic, attention
      runs in tiles (:func:`mmaddp.models.utils.tiled_attention`).

    Args:
        attention (MultiheadAttention): Gives its projections, dropouts and layer scale, under
            their own names.
        window_size (int): Side of a window in tokens; 0 attends over the whole map.
        table_grid (tuple[int, int], optional): Rows and columns for which the tables of relative
            positions have one entry per offset: 2 * size - 1 each, zero at first. None means no
            relative positions.
        mask_padding (bool): Whether attention leaves out the zeros added to fill the windows.
            ViTDet attends to them.
    """

    def __init__(
        self,
        attention: MultiheadAttention,
        window_size: int,
        table_grid: Optional[tuple[int, int]],
        mask_padding: bool,
    ):
        super().__init__()
        self.num_heads = attention.num_heads
        self.head_dims = attention.head_dims
        self.attn_drop = attention.attn_drop
        self.qkv = attention.qkv
        self.proj = attention.proj
        self.proj_drop = attention.proj_drop
        self.gamma1 = attention.gamma1
        self.out_drop = attention.out_drop
        self.window_size = window_size
        self.mask_padding = mask_padding
        self.has_rel_pos = table_grid is not None
        if self.has_rel_pos:
            rows, columns = table_grid
            self.rel_pos_h = nn.Parameter(torch.zeros(2 * rows - 1, self.head_dims))
            self.rel_pos_w = nn.Parameter(torch.zeros(2 * columns - 1, self.head_dims))

    def forward(self, x: Tensor) -> Tensor:
        """Attend.

        Args:
            x (Tensor): Map of tokens, shape (B, h, w, C).

        Returns:
            Tensor: Shape (B, h, w, C).
        """
        if self.window_size:
            grid = x.shape[1:3]
            windows, padded_grid = window_partition(x, self.window_size)
            visible = self._visible(x, padded_grid) if self.mask_padding else None
            attended = self._attend(windows, visible)
            x = window_unpartition(attended, self.window_size, padded_grid, grid)
        else:
            x = self._attend(x, None)
        return self.out_drop(self.gamma1(self.proj_drop(self.proj(x))))

    def _attend(self, x: Tensor, visible: Optional[Tensor]) -> Tensor:
        """Attend within each map of (B, h, w, C); ``visible`` is bool, (B, 1, 1, h * w)."""
        num_maps, height, width, _ = x.shape
        qkv = self.qkv(x).reshape(num_maps, height * width, 3, self.num_heads, self.head_dims)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scaled = q * self.head_dims**-0.5
        dropout = self.attn_drop if self.training else 0.0
        if not self.has_rel_pos:
            out = F.scaled_dot_product_attention(
                scaled, k, v, attn_mask=visible, dropout_p=dropout, scale=1.0
            )
        elif visible is None and not dropout and tiles_are_quicker(q):
            inputs = (scaled, k, v, *self._position_terms(q, height, width))
            out = tiled_attention(*(part.flatten(0, 1) for part in inputs)).view_as(q)
        else:
            terms = torch.cat(self._position_terms(q, height, width), dim=-1)
            out = attend_by_channels(scaled, k, v, terms, (height, width), visible, dropout)
        out = out.transpose(1, 2)
        return out.reshape(num_maps, height, width, self.num_heads * self.head_dims)

    def _position_terms(self, q: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Products of q, (B, n, h * w, D), with its rows of the tables: (B, n, h * w, h or w)."""
        by_place = q.unflatten(2, (height, width))
        rows = torch.einsum('bnijd,ikd->bnijk', by_place, offset_rows(self.rel_pos_h, height))
        columns = torch.einsum('bnijd,jkd->bnijk', by_place, offset_rows(self.rel_pos_w, width))
        return rows.flatten(2, 3).to(q.dtype), columns.flatten(2, 3).to(q.dtype)

    def _visible(self, x: Tensor, padded_grid: tuple[int, int]) -> Tensor:
        """Which tokens of every window are not padding: bool, (windows of all maps, 1, 1, N)."""
        inside = torch.ones(x.shape[0], *x.shape[1:3], 1, dtype=torch.bool, device=x.device)
        windows, _ = window_partition(inside, self.window_size)
        return windows.flatten(1)[:, None, None]


def attend_by_channels(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    terms: Tensor,
    grid: tuple[int, int],
    visible: Optional[Tensor],
    dropout: float,
) -> Tensor:
    """Attention with relative positions by PyTorch's fused kernels.

    Args:
        q (Tensor): Scaled queries, shape (B, n, N, D), N = h * w.
        k (Tensor): Keys, like ``q``.
        v (Tensor): Values, like ``q``.
        terms (Tensor): Terms of every query and every row, then every column of keys, shape
            (B, n, N, h + w).
        grid (tuple[int, int]): Rows and columns of the map, (h, w).
        visible (Tensor, optional): Which keys are not padding, bool, shape (B, 1, 1, N).
        dropout (float): Of the attention weights.

    Returns:
        Tensor: Shape (B, n, N, D).
    """
    places = one_hot_places(*grid, k).expand(*k.shape[:3], -1)
    out = F.scaled_dot_product_attention(
        torch.cat((q, terms), dim=-1),
        torch.cat((k, places), dim=-1),
        # The flash kernels want values as wide as keys.
        F.pad(v, (0, sum(grid))),
        attn_mask=visible,
        dropout_p=dropout,
        scale=1.0,
    )
    return out[..., : q.shape[-1]]


def offset_rows(table: Tensor, size: int) -> Tensor:
    """Rows of a table of relative positions for all pairs of places on an axis.

    Args:
        table (Tensor): One row per offset, from the most negative to the most positive one, shape
            (R, D). A table for another size is resized linearly, as in ViTDet.
        size (int): Places on the axis.

    Returns:
        Tensor: The row of the offset q - k at [q, k], shape (size, size, D).
    """
    num_offsets = 2 * size - 1
    if len(table) != num_offsets:
        table = F.interpolate(table.T[None], size=num_offsets, mode='linear')[0].T
    places = torch.arange(size, device=table.device)
    return table[places[:, None] - places + size - 1]


def one_hot_places(height: int, width: int, like: Tensor) -> Tensor:
    """One-hot codes of row and column of each place, (h * w, h + w), dtype and device of like."""
    rows = torch.eye(height, dtype=like.dtype, device=like.device).repeat_interleave(width, 0)
    columns = torch.eye(width, dtype=like.dtype, device=like.device).repeat(height, 1)
    return torch.cat((rows, columns), dim=-1)
