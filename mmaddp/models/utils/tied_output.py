"""The output layer that ADDP and MAGE share."""

from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TiedOutput(nn.Module):
    """Linear, exact GELU and LayerNorm, then the product with a table that gets no gradient.

    Args:
        in_dims (int): Width of the incoming tokens.
        embed_dims (int): Width C of the table.
        vocabulary_size (int): Rows V of the table.
    """

    def __init__(self, in_dims: int, embed_dims: int, vocabulary_size: int):
        super().__init__()
        self.fc = nn.Linear(in_dims, embed_dims)
        self.act = nn.GELU()
        # The one norm of the released models with PyTorch's default eps instead of 1e-6.
        self.norm = nn.LayerNorm(embed_dims, eps=1e-5)
        self.bias = nn.Parameter(torch.zeros(1, 1, vocabulary_size))  # shape in the released files

    def forward(self, x: Tensor, table: Tensor, num_scored: Optional[int] = None) -> Tensor:
        """Score the rows of the table.

        Args:
            x (Tensor): Tokens, shape (B, N, in_dims).
            table (Tensor): Shape (V, C); used detached.
            num_scored (int, optional): Leading rows that are scored. Defaults to all V.

        Returns:
            Tensor: Logits, shape (B, N, num_scored).
        """
        x = self.norm(self.act(self.fc(x)))
        return F.linear(x, table.detach()[:num_scored], self.bias[0, 0, :num_scored])
