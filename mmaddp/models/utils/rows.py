"""Rows of token sequences that something reads, so that the others need not be computed."""

from collections.abc import Sequence

import torch
from torch import Tensor


def take_rows(x: Tensor, rows: Tensor) -> Tensor:
    """Rows (B, M), long, of tokens (B, N, C): shape (B, M, C)."""
    return x.gather(1, rows.unsqueeze(-1).expand(-1, -1, x.shape[-1]))


def spread_rows(x: Tensor, rows: Tensor, num_tokens: int) -> Tensor:
    """The reverse of :func:`take_rows`, with zeros elsewhere: (B, M, C) to (B, num_tokens, C)."""
    everywhere = x.new_zeros(len(x), num_tokens, x.shape[-1])
    return everywhere.scatter(1, rows.unsqueeze(-1).expand_as(x), x)


def masked_rows(mask: Tensor, num_visible: Sequence[int], multiple: int = 1) -> Tensor:
    """Positions that cover a mask, equally many in every sample.

    Args:
        mask (Tensor): bool, shape (B, L), True = masked.
        num_visible (Sequence[int]): Visible positions of each sample, so that no step waits for
            the device.
        multiple (int): So that few numbers of rows occur, L - M is a multiple of it. Defaults to 1.

    Returns:
        Tensor: All masked positions, and visible ones to fill up: long, shape (B, M), where M is at
        least L - min(num_visible).
    """
    left_out = min(num_visible) // multiple * multiple
    visible_first = mask.to(torch.uint8).argsort(dim=1, stable=True)
    return visible_first[:, left_out:]
