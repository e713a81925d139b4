"""The attention of ViTDet without a branch that depends on the size of the map."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmaddp.models.utils import GridAttention


class AnySizeGridAttention(nn.Module):
    """As :class:`GridAttention` in evaluation mode: windows are always padded, tables resized.

    Args:
        attention (GridAttention): Gives its layers and tables.
    """

    def __init__(self, attention: GridAttention):
        super().__init__()
        self.num_heads = attention.num_heads
        self.head_dims = attention.head_dims
        self.qkv = attention.qkv
        self.proj = attention.proj
        self.gamma1 = attention.gamma1
        self.window_size = attention.window_size
        self.mask_padding = attention.mask_padding
        self.tables = None
        if attention.has_rel_pos:
            self.tables = nn.ParameterList((attention.rel_pos_h, attention.rel_pos_w))

    def forward(self, x: Tensor) -> Tensor:
        """Attend over a map of tokens (B, h, w, C), in windows or over all of it."""
        out = self._in_windows(x) if self.window_size else self._attend(x, None)
        return self.gamma1(self.proj(out))

    def _in_windows(self, x: Tensor) -> Tensor:
        """Cut out windows, attend, and put them together, by indices instead of slices."""
        batch, height, width, channels = x.shape
        side = self.window_size
        rows, row_inside = _places_in_windows(height, side, x)
        columns, column_inside = _places_in_windows(width, side, x)
        inside = (row_inside[:, None, :, None] & column_inside[:, None])[..., None]
        # (B, rows of windows, columns of windows, side, side, C)
        windows = x[:, rows][:, :, :, columns].permute(0, 1, 3, 2, 4, 5) * inside
        visible = None
        if self.mask_padding:
            visible = inside.expand(batch, -1, -1, -1, -1, -1).flatten(3).flatten(0, 2)
            visible = visible[:, None, None]
        attended = self._attend(windows.flatten(0, 2), visible)
        attended = attended.reshape(batch, rows.shape[0], columns.shape[0], side, side, channels)
        by_row = attended.permute(0, 1, 3, 2, 4, 5).contiguous().flatten(1, 2)
        by_place = by_row[:, torch.arange(height, device=x.device)].flatten(2, 3)
        return by_place[:, :, torch.arange(width, device=x.device)]

    def _attend(self, x: Tensor, visible: Tensor | None) -> Tensor:
        maps, height, width, _ = x.shape
        heads, dims = self.num_heads, self.head_dims
        qkv = self.qkv(x).reshape(maps, height * width, 3, heads, dims)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scaled = q * dims**-0.5
        if self.tables is not None:
            scaled = torch.cat((scaled, *self._position_terms(q, height, width)), dim=-1)
            places = _one_hot_places(height, width, x).expand(maps, heads, -1, -1)
            k = torch.cat((k, places), dim=-1)
        logits = scaled @ k.transpose(-2, -1)
        if visible is not None:
            logits = logits.masked_fill(~visible, -torch.inf)
        out = (logits.softmax(dim=-1) @ v).transpose(1, 2)
        return out.reshape(maps, height, width, heads * dims)

    def _position_terms(self, q: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Products of q, (B, n, h * w, D), with its rows: (B, n, h * w, h), (B, n, h * w, w)."""
        by_place = q.unflatten(2, (height, width))
        down, right = (_offset_rows(t, s) for t, s in zip(self.tables, (height, width)))
        rows = torch.einsum('bnijd,ikd->bnijk', by_place, down)
        columns = torch.einsum('bnijd,jkd->bnijk', by_place, right)
        return rows.flatten(2, 3), columns.flatten(2, 3)


def _places_in_windows(size: int, side: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Places of an axis by window, (windows, side), and which of them are no padding."""
    start = torch.arange((size + side - 1) // side, device=like.device)[:, None] * side
    places = start + torch.arange(side, device=like.device)
    return places.clamp(max=size - 1), places < size


def _offset_rows(table: Tensor, size: int) -> Tensor:
    """The row of the offset q - k at [q, k], shape (size, size, D); the table is resized."""
    resized = F.interpolate(table.t()[None], size=2 * size - 1, mode='linear')[0]
    places = torch.arange(size, device=table.device)
    index = (places[:, None] - places + (size - 1)).flatten()
    return resized[:, index].t().unflatten(0, (size, size))


def _one_hot_places(height: int, width: int, like: Tensor) -> Tensor:
    """One-hot codes of row and column of each place, (h * w, h + w)."""
    rows = torch.arange(height, device=like.device)
    columns = torch.arange(width, device=like.device)
    row_codes = (rows[:, None] == rows).to(like.dtype)[:, None].expand(height, width, height)
    column_codes = (columns[:, None] == columns).to(like.dtype).expand(height, width, width)
    return torch.cat((row_codes, column_codes), dim=-1).flatten(0, 1)
