"""Dropout and attention with dropout, whose random numbers are drawn fast on a CPU.

There, drawing PyTorch's masks takes as long as the layers that they belong to. Here every number
is decided by 16 random bits instead of a draw of its own. The probability is rounded to a multiple
of 1 / 65536, and kept numbers are scaled by the rounded one, so that means stay. Elsewhere, and
without dropout, PyTorch's own functions run.
"""

from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_LEVELS = 2**16
_KERNEL = 'scaled_dot_product_attention'  # attribute of mmpretrain's attention


class QuickDropout(nn.Dropout):
    """PyTorch's dropout, by :func:`quick_dropout`."""

    def forward(self, x: Tensor) -> Tensor:
        """Set a share ``p`` of the numbers to zero in training, and scale the others."""
        return quick_dropout(x, self.p) if self.training else x


def quick_dropout(x: Tensor, p: float) -> Tensor:
    """Set a share of the numbers to zero, and scale the others up.

    Args:
        x (Tensor): Any shape.
        p (float): The share, in [0, 1].
    """
    dropped = round(p * _LEVELS)
    if not p:
        return x
    if not 0 < dropped < _LEVELS or not _drawn_here(x):
        return F.dropout(x, p)
    words = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    bits = words.view(torch.int16)[: x.numel()].view(x.shape)
    kept = torch.where(bits < dropped - _LEVELS // 2, 0, x)
    return kept.mul_(_LEVELS / (_LEVELS - dropped))


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Optional[Tensor] = None,
    dropout_p: float = 0.0,
) -> Tensor:
    """PyTorch's ``scaled_dot_product_attention``; with dropout on a CPU, written out.

    Args:
        query (Tensor): Shape (B, heads, M, D).
        key (Tensor): Shape (B, heads, N, D).
        value (Tensor): Shape (B, heads, N, D).
        attn_mask (Tensor, optional): Broadcastable to (B, heads, M, N): bool, True = visible, or
            added to the scaled products. Defaults to None.
        dropout_p (float): Share of the weights that is set to zero. Defaults to 0.

    Returns:
        Tensor: Shape (B, heads, M, D).
    """
    if not dropout_p or not _drawn_here(query):
        return F.scaled_dot_product_attention(query, key, value, attn_mask, dropout_p)
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, float('-inf'))
    elif attn_mask is not None:
        scores = scores + attn_mask
    with torch.autocast('cpu', enabled=False):  # sums are float32 in any case, also of bf16
        weights = scores.softmax(dim=-1)
    return quick_dropout(weights, dropout_p) @ value


def _drawn_here(x: Tensor) -> bool:
    return x.device.type == 'cpu' and not torch.compiler.is_compiling()


def use_quick_dropout(network: nn.Module) -> None:
    """Replace the dropout of a network's layers and attentions by that of this module.

    Args:
        network (nn.Module): Changed in place; parameters and their names stay.
    """
    for module in [*network.modules()]:
        if getattr(module, _KERNEL, None) is F.scaled_dot_product_attention:
            setattr(module, _KERNEL, attention)
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                setattr(module, name, QuickDropout(child.p).train(child.training))
