"""Pooling of tokens by a learned query."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmaddp.registry import MODELS


@MODELS.register_module()
class AttentivePool(BaseModule):
    """One cross-attention of a learned query over all tokens, for probing a frozen encoder.

    Where linear probing can only average the tokens, this one chooses among them. It learns a
    norm, the query and the matrices of one attention layer.

    Args:
        in_channels (int): Width C of the tokens.
        num_heads (int): Attention heads; must divide ``in_channels``.
    """

    def __init__(self, in_channels: int, num_heads: int):
        super().__init__()
        if in_channels % num_heads:
            raise ValueError(f'in_channels {in_channels} is not a multiple of {num_heads} heads.')
        self.norm = nn.LayerNorm(in_channels, eps=1e-6)
        self.query = nn.Parameter(0.02 * torch.randn(1, 1, in_channels))
        self.attn = nn.MultiheadAttention(in_channels, num_heads, batch_first=True)

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor]:
        """Pool the tokens of the last stage.

        Args:
            feats (tuple[Tensor]): The last one has the shape (B, N, C).

        Returns:
            tuple[Tensor]: One feature, shape (B, C).
        """
        tokens = self.norm(feats[-1])
        query = self.query.expand(tokens.shape[0], -1, -1)
        pooled, _ = self.attn(query, tokens, tokens, need_weights=False)
        return (pooled[:, 0],)
