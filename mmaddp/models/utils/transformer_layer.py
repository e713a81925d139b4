"""mmpretrain's transformer layer, with keys that can be hidden."""

from typing import Optional

import torch
import torch.nn.functional as F
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from mmpretrain.models.utils import MultiheadAttention
from torch import Tensor

from .dropout import use_quick_dropout
from .rows import take_rows


class MaskedAttention(MultiheadAttention):
    """Self-attention with a mask. Takes mmpretrain's arguments; only :meth:`forward` differs."""

    def forward(
        self, x: Tensor, attn_mask: Optional[Tensor] = None, rows: Optional[Tensor] = None
    ) -> Tensor:
        """Attend over the tokens that the mask leaves visible.

        Args:
            x (Tensor): Tokens, shape (B, N, C).
            attn_mask (Tensor, optional): Broadcastable to (B, heads, N, N): bool, True = visible
                to the query, or a floating-point bias that is added to the scaled products before
                the softmax. None (the default) takes the fast kernel.
            rows (Tensor, optional): The only tokens whose result is computed, long, shape (B, M).
                Defaults to all.

        Returns:
            Tensor: Shape (B, N, C), or (B, M, C).
        """
        q, k, v = self._project(x, rows)
        if attn_mask is not None and attn_mask.is_floating_point():
            attn_mask = attn_mask.to(q.dtype)
        x = self.scaled_dot_product_attention(
            q, k, v, attn_mask=attn_mask, dropout_p=self.attn_drop if self.training else 0.0
        )
        x = x.transpose(1, 2).flatten(2)
        return self.out_drop(self.gamma1(self.proj_drop(self.proj(x))))

    def _project(self, x: Tensor, rows: Optional[Tensor]) -> tuple[Tensor, ...]:
        """Queries of ``rows``, keys and values of all tokens, each (B, heads, ..., C / heads)."""
        if rows is None:
            return self._by_head(self.qkv(x), 3)
        sizes = (self.embed_dims, 2 * self.embed_dims)
        to_q, to_kv = self.qkv.weight.split(sizes)
        bias = self.qkv.bias
        for_q, for_kv = (None, None) if bias is None else bias.split(sizes)
        (q,) = self._by_head(F.linear(take_rows(x, rows), to_q, for_q), 1)
        return q, *self._by_head(F.linear(x, to_kv, for_kv), 2)

    def _by_head(self, x: Tensor, parts: int) -> tuple[Tensor, ...]:
        """(B, N, parts * C) to ``parts`` tensors of shape (B, heads, N, C / heads)."""
        x = x.unflatten(-1, (parts, self.num_heads, self.head_dims))
        return x.permute(2, 0, 3, 1, 4).unbind()


class PaddedAttention(MaskedAttention):
    """Self-attention that can be told which tokens are padding."""

    def forward(
        self, x: Tensor, key_padding_mask: Optional[Tensor] = None, rows: Optional[Tensor] = None
    ) -> Tensor:
        """Attend over the tokens that are not padding.

        Args:
            x (Tensor): Tokens, shape (B, N, C).
            key_padding_mask (Tensor, optional): bool, shape (B, N), True = padding that no token
                attends to. None (the default) means no padding and takes the fast kernel.
            rows (Tensor, optional): As for :class:`MaskedAttention`. Defaults to all.

        Returns:
            Tensor: Shape (B, N, C), or (B, M, C); rows of padding tokens are meaningless.
        """
        visible = None if key_padding_mask is None else ~key_padding_mask[:, None, None, :]
        return super().forward(x, visible, rows)


class PaddedTransformerLayer(TransformerEncoderLayer):
    """Pre-norm transformer layer of the ADDP decoder and of MAGE.

    ``x + attention(LN(x))``, then ``x + MLP(LN(x))``, with exact GELU and LayerNorm eps 1e-6.

    Args:
        embed_dims (int): Width C.
        num_heads (int): Attention heads; must divide ``embed_dims``.
        mlp_ratio (int): Hidden width of the MLP over C. Defaults to 4.
        drop_rate (float): Dropout on the attention weights, after the projection, after the GELU
            and after the second MLP layer. Defaults to 0.
    """

    def __init__(self, embed_dims: int, num_heads: int, mlp_ratio: int = 4, drop_rate: float = 0.0):
        if embed_dims % num_heads:
            raise ValueError(f'embed_dims {embed_dims} is not a multiple of num_heads {num_heads}.')
        super().__init__(
            embed_dims=embed_dims,
            num_heads=num_heads,
            feedforward_channels=mlp_ratio * embed_dims,
            drop_rate=drop_rate,
            norm_cfg=dict(type='LN', eps=1e-6),
        )
        self.attn = PaddedAttention(embed_dims, num_heads, attn_drop=drop_rate, proj_drop=drop_rate)
        use_quick_dropout(self)

    def forward(
        self, x: Tensor, key_padding_mask: Optional[Tensor] = None, rows: Optional[Tensor] = None
    ) -> Tensor:
        """Transform tokens.

        Args:
            x (Tensor): Shape (B, N, C).
            key_padding_mask (Tensor, optional): As for :class:`PaddedAttention`. Defaults to no
                padding.
            rows (Tensor, optional): The only tokens that are computed, long, shape (B, M): in a
                last layer, those that are read. Defaults to all.

        Returns:
            Tensor: Shape (B, N, C), or (B, M, C).
        """
        attended = self.attn(self.ln1(x), key_padding_mask, rows)
        x = attended + (x if rows is None else take_rows(x, rows))
        return self.ffn(self.ln2(x), identity=x)


def init_as_released(module: torch.nn.Module) -> None:
    """Initialise Linear layers as the released models were: Xavier-uniform, biases zero."""
    for child in module.modules():
        if isinstance(child, torch.nn.Linear):
            torch.nn.init.xavier_uniform_(child.weight)
            if child.bias is not None:
                torch.nn.init.zeros_(child.bias)
