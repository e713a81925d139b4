"""Keeps a codebook from collapsing: initialisation from data, and revival of unused codes."""

import torch
from mmengine.dist import all_reduce, broadcast
from torch import Tensor, nn

from .quantizer import Quantizer


def draw_vectors(vectors: Tensor, num: int) -> Tensor:
    """Draw vectors at random, each at most once while there are enough.

    Args:
        vectors (Tensor): Shape (N, D), N > 0.
        num (int): How many to draw.

    Returns:
        Tensor: Shape (num, D). Where ``num`` exceeds N, repetitions differ by a noise of one
        hundredth of the standard deviation, so that no two codes are equal.
    """
    device = vectors.device
    order = torch.randperm(len(vectors), device=device)
    if num <= len(vectors):
        return vectors[order[:num]]
    repeated = vectors[order.repeat(-(-num // len(vectors)))[:num]]
    return repeated + 0.01 * vectors.std() * torch.randn_like(repeated)


@torch.no_grad()
def kmeans_codebook(quantizer: Quantizer, vectors: Tensor, num_iters: int = 20) -> None:
    """Set the codebook to the k-means centres of vectors; every process gets rank 0's centres.

    Args:
        quantizer (Quantizer): Its codebook is overwritten in place.
        vectors (Tensor): Encoder outputs of this process, shape (N, D), N > 0.
        num_iters (int): Rounds of Lloyd's algorithm. Defaults to 20.
    """
    vectors = vectors.float()
    codebook = quantizer.embedding.weight
    codebook.copy_(draw_vectors(vectors, len(codebook)))
    for _ in range(num_iters):
        ids = quantizer.nearest(vectors)
        counts = codebook.new_zeros(len(codebook)).index_add_(0, ids, torch.ones_like(ids).float())
        sums = torch.zeros_like(codebook).index_add_(0, ids, vectors)
        means = sums / counts.clamp(min=1)[:, None]
        codebook.copy_(torch.where(counts[:, None] > 0, means, codebook))
    broadcast(codebook.data, src=0)


class CodeRevival(nn.Module):
    """Replaces codes that went unused for a while by encoder outputs of the current batch.

    All processes count together and take rank 0's replacements, so the codebook stays equal
    everywhere. Nothing waits for the device: which codes are replaced is decided by a mask.

    Args:
        num_codes (int): Size of the codebook, K.
        interval (int): Iterations after which unused codes are replaced.
    """

    def __init__(self, num_codes: int, interval: int):
        super().__init__()
        if interval < 1:
            raise ValueError(f'The interval of the code revival must be positive, got {interval}.')
        self.interval = interval
        self.register_buffer('counts', torch.zeros(num_codes))

    @torch.no_grad()
    def forward(self, quantizer: Quantizer, vectors: Tensor, token_ids: Tensor, due: bool) -> None:
        """Count the codes of a batch and, when due, replace those never counted.

        Args:
            quantizer (Quantizer): Its codebook is changed in place.
            vectors (Tensor): Encoder outputs of this process, shape (N, D).
            token_ids (Tensor): Ids of the batch, long, any shape.
            due (bool): Whether the interval ends with this batch; the same on all processes.
        """
        ids = token_ids.flatten()
        ones = torch.ones_like(ids, dtype=self.counts.dtype)
        counts = torch.zeros_like(self.counts).index_add_(0, ids, ones)
        all_reduce(counts)
        self.counts += counts
        if not due:
            return
        codebook = quantizer.embedding.weight
        fresh = draw_vectors(vectors.float(), len(codebook)).to(codebook)
        broadcast(fresh, src=0)
        codebook.copy_(torch.where(self.counts[:, None] > 0, codebook, fresh))
        self.counts.zero_()
