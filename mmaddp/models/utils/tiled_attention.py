"""Attention with decomposed relative positions on a CPU, one tile of logits at a time."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Logits of a tile: 2 MiB in float32, which stay in the cache of a core.
TILE = 2**19


def tiles_are_quicker(q: Tensor) -> bool:
    """Whether tiles are the way for these queries: on a CPU, in full precision, not traced."""
    traced = torch.compiler.is_compiling() or torch.jit.is_tracing()
    full = q.dtype in (torch.float32, torch.float64) and not torch.is_autocast_enabled('cpu')
    return q.device.type == 'cpu' and full and not traced


def tiled_attention(q: Tensor, k: Tensor, v: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Attend with the logits ``q . k + rows[row of k] + columns[column of k]``.

    No matrix of all queries and keys exists, neither forwards nor backwards: the probabilities of
    a tile are computed again in the backward pass, from the logarithms of their sums that the
    forward pass keeps (FlashAttention). The sums over rows and columns that the two terms get as
    gradients come from the same tile.

    Args:
        q (Tensor): Scaled queries, shape (B, N, D), N = h * w.
        k (Tensor): Keys, like ``q``.
        v (Tensor): Values, like ``q``.
        rows (Tensor): Term of every query and every row of keys, shape (B, N, h).
        columns (Tensor): Term of every query and every column of keys, shape (B, N, w).

    Returns:
        Tensor: Shape (B, N, D).
    """
    return _TiledAttention.apply(q, k, v, rows, columns)


class _TiledAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        q, k, v = (part.contiguous() for part in (q, k, v))
        out, log_sums = torch.empty_like(q), q.new_empty(*q.shape[:2], 1)
        (memory,) = _buffers(k, 1)
        for maps, part in _tiles(q):
            tile = _logits(q[maps, part], k[maps], rows[maps, part], columns[maps, part], memory)
            highest = tile.amax(-1, keepdim=True)
            sums = tile.sub_(highest).exp_().sum(-1, keepdim=True)
            torch.bmm(tile, v[maps], out=out[maps, part]).div_(sums)
            torch.add(highest, sums.log_(), out=log_sums[maps, part])
        ctx.save_for_backward(q, k, v, rows, columns, out, log_sums)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        q, k, v, rows, columns, out, log_sums = ctx.saved_tensors
        grad = grad.contiguous()
        grads = [torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)]
        grads += [torch.empty_like(rows), torch.empty_like(columns)]
        grad_q, grad_k, grad_v, grad_rows, grad_columns = grads
        mean = (grad * out).sum(-1, keepdim=True)
        rows = rows - log_sums
        memory, more_memory = _buffers(k, 2)
        for maps, part in _tiles(q):
            tile = q[maps, part]
            p = _logits(tile, k[maps], rows[maps, part], columns[maps, part], memory).exp_()
            grad_v[maps].baddbmm_(p.mT, grad[maps, part])
            # Of the logits: p * (grad . v - its mean over the keys).
            of_logits = more_memory[: p.numel()].view_as(p)
            torch.bmm(grad[maps, part], v[maps].mT, out=of_logits)
            of_logits.sub_(mean[maps, part]).mul_(p)
            torch.bmm(of_logits, k[maps], out=grad_q[maps, part])
            grad_k[maps].baddbmm_(of_logits.mT, tile)
            by_place = of_logits.unflatten(2, (rows.shape[2], columns.shape[2]))
            torch.sum(by_place, 3, out=grad_rows[maps, part])
            torch.sum(by_place, 2, out=grad_columns[maps, part])
        return tuple(grads)


def _logits(q: Tensor, k: Tensor, rows: Tensor, columns: Tensor, memory: Tensor) -> Tensor:
    """Logits of a tile, in ``memory``."""
    shape = (*rows.shape, columns.shape[2])
    tile = memory[: math.prod(shape)].view(shape)
    torch.add(rows[..., None], columns[..., None, :], out=tile)
    return tile.flatten(2).baddbmm_(q, k.mT)


def _buffers(k: Tensor, number: int) -> Tensor:
    """Memory for tiles; fresh memory for each would cost more than the arithmetic."""
    entries = min(max(TILE, k.shape[1]), k.shape[0] * k.shape[1] ** 2)
    return k.new_empty(number, entries)


def _tiles(q: Tensor) -> Iterator[tuple[slice, slice]]:
    """Slices of maps and of queries whose logits fit into a tile: whole maps, or rows of one."""
    num_maps, length = q.shape[:2]
    queries = max(1, TILE // length)
    if queries >= length:
        maps = queries // length
        yield from ((slice(m, m + maps), slice(None)) for m in range(0, num_maps, maps))
        return
    for m in range(num_maps):
        for start in range(0, length, queries):
            yield slice(m, m + 1), slice(start, start + queries)
