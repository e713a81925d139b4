"""Nearest-code quantisation."""

import torch
from torch import Tensor, nn

# Upper bound of the distance table held at once, in entries (float32: 128 MiB).
MAX_DISTANCES = 2**25


def straight_through(latent: Tensor, codes: Tensor) -> Tensor:
    """The codes in the forward pass, the identity to ``latent`` in the backward pass."""
    return latent + (codes - latent).detach()


class Quantizer(nn.Module):
    """Replaces every latent vector by the nearest code in squared Euclidean distance.

    Args:
        num_codes (int): Size of the codebook, K.
        code_dims (int): Width of a code, D.
    """

    def __init__(self, num_codes: int, code_dims: int):
        super().__init__()
        self.embedding = nn.Embedding(num_codes, code_dims)
        nn.init.normal_(self.embedding.weight, std=code_dims**-0.5)

    @torch.no_grad()
    def nearest(self, vectors: Tensor) -> Tensor:
        """Ids of the nearest codes, computed in float32 also under autocast.

        Args:
            vectors (Tensor): Shape (N, D).

        Returns:
            Tensor: long, shape (N,).
        """
        with torch.autocast(vectors.device.type, enabled=False):
            codebook = self.embedding.weight.float()
            # A common offset would cost float32 its precision, and changes no distance.
            offset = codebook.mean(dim=0)
            codebook = codebook - offset
            # |v - c|^2 without |v|^2, which is the same for every code.
            squared_norms = codebook.square().sum(dim=1)
            rows = max(1, MAX_DISTANCES // len(codebook))
            parts = [
                torch.addmm(squared_norms, part.float() - offset, codebook.t(), alpha=-2).argmin(1)
                for part in vectors.split(rows)
            ]
        return torch.cat(parts)

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Quantise a latent grid.

        Args:
            latent (Tensor): Shape (B, D, h, w).

        Returns:
            tuple[Tensor, Tensor]: Token ids, long, shape (B, h * w), row-major; and their codes,
            shape (B, D, h, w), whose gradient reaches the codebook only.
        """
        batch_size, code_dims, height, width = latent.shape
        vectors = latent.flatten(2).transpose(1, 2).reshape(-1, code_dims)
        token_ids = self.nearest(vectors).view(batch_size, height * width)
        codes = self.embedding(token_ids).transpose(1, 2)
        return token_ids, codes.reshape(batch_size, code_dims, height, width)
