"""Transformer layers as the official code computes them, on the weights of our modules."""

from typing import Optional

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """Apply the weights of a Linear layer."""
    return F.linear(x, layer.weight, layer.bias)


def layer_norm(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    """Apply the weights of a LayerNorm."""
    return F.layer_norm(x, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


def drop(layer: nn.Dropout, x: Tensor) -> Tensor:
    """Apply PyTorch's dropout with the rate of a layer, which may draw in its own way."""
    return F.dropout(x, layer.p, layer.training)


def attend(attn: nn.Module, x: Tensor, bias: Optional[Tensor] = None) -> Tensor:
    """Self-attention with all of its N x N weights in memory.

    The products of queries and keys are float32 whatever the precision around them.

    Args:
        attn (nn.Module): mmpretrain's ``MultiheadAttention`` or a subclass.
        x (Tensor): Tokens, shape (B, N, C).
        bias (Tensor, optional): Added to the scaled products, shape (heads, N, N).

    Returns:
        Tensor: Shape (B, N, C).
    """
    num_samples, num_tokens, width = x.shape
    qkv = linear(attn.qkv, x).reshape(num_samples, num_tokens, 3, attn.num_heads, -1)
    q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
    with torch.autocast(x.device.type, enabled=False):
        scores = (q.float() @ k.float().transpose(-2, -1)) * attn.head_dims**-0.5
        if bias is not None:
            scores = scores + bias
    weights = F.dropout(scores.softmax(dim=-1), attn.attn_drop, attn.training)
    out = (weights.to(v.dtype) @ v).transpose(1, 2).reshape(num_samples, num_tokens, width)
    return attn.out_drop(attn.gamma1(drop(attn.proj_drop, linear(attn.proj, out))))


def transform(layer: nn.Module, x: Tensor, bias: Optional[Tensor] = None) -> Tensor:
    """Pre-norm transformer layer, mmpretrain's ``TransformerEncoderLayer``, on (B, N, C)."""
    x = x + attend(layer.attn, layer_norm(layer.ln1, x), bias)
    ffn = layer.ffn
    first, last = (module for module in ffn.modules() if isinstance(module, nn.Linear))
    inner, outer = (module for module in ffn.layers.modules() if isinstance(module, nn.Dropout))
    hidden = drop(inner, F.gelu(linear(first, layer_norm(layer.ln2, x))))
    return x + ffn.dropout_layer(ffn.gamma2(drop(outer, linear(last, hidden))))


def score_all(output: nn.Module, x: Tensor, table: Tensor) -> Tensor:
    """Logits of the whole vocabulary at every position: (B, N, C) to (B, N, V)."""
    x = layer_norm(output.norm, F.gelu(linear(output.fc, x)))
    return x @ table.detach().t() + output.bias
