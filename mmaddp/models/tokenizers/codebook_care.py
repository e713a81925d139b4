"""Keeps a codebook from collapsing: initialisation from data, and revival of unused codes."""

import torch
from mmengine.dist import all_reduce, broadcast, get_dist_info
from torch import Tensor, nn

from .quantizer import Quantizer


def draw_vectors(vectors: Tensor, num: int) -> Tensor:
    """Draw vectors of all processes at random, each at most once while there are enough.

    One process that holds all samples, in the order in which samplers deal them to ranks, draws the
    same ones.

    Args:
        vectors (Tensor): Those of the samples of this process, shape (B, ..., D); all processes
            have equally many.
        num (int): How many to draw.

    Returns:
        Tensor: Shape (num, D), the same on all processes. Where ``num`` exceeds the number of
        vectors, repetitions differ by a noise of one hundredth of the standard deviation, so that
        no two codes are equal.
    """
    rank, world_size = get_dist_info()
    per_sample = vectors[0].numel() // vectors.shape[-1]
    vectors = vectors.flatten(0, -2)
    total = len(vectors) * world_size
    order = torch.randperm(total, device=vectors.device)
    broadcast(order)
    order = order.repeat(-(-num // total))[:num]
    sample, place = order // per_sample, order % per_sample
    drawn = vectors[sample // world_size * per_sample + place]
    drawn = drawn * (sample % world_size == rank)[:, None]
    all_reduce(drawn)
    if num > total:
        noise = torch.randn_like(drawn)
        broadcast(noise)
        drawn = drawn + 0.01 * drawn.std() * noise
    return drawn


@torch.no_grad()
def kmeans_codebook(quantizer: Quantizer, vectors: Tensor, num_iters: int = 20) -> None:
    """Set the codebook to the k-means centres of the vectors of all processes.

    Args:
        quantizer (Quantizer): Its codebook is overwritten in place, on all processes alike.
        vectors (Tensor): Encoder outputs of this process, shape (B, ..., D); all processes have
            equally many.
        num_iters (int): Rounds of Lloyd's algorithm. Defaults to 20.
    """
    vectors = vectors.float()
    codebook = quantizer.embedding.weight
    codebook.copy_(draw_vectors(vectors, len(codebook)))
    vectors = vectors.flatten(0, -2)
    # A column of ones counts along with the sums.
    counted = torch.cat([vectors, torch.ones_like(vectors[:, :1])], dim=1)
    for _ in range(num_iters):
        sums = counted.new_zeros(len(codebook), counted.shape[1])
        sums.index_add_(0, quantizer.nearest(vectors), counted)
        all_reduce(sums)
        sums, counts = sums[:, :-1], sums[:, -1:]
        codebook.copy_(torch.where(counts > 0, sums / counts.clamp(min=1), codebook))
    broadcast(codebook.data)


class CodeRevival(nn.Module):
    """Replaces codes that went unused for a while by encoder outputs of the current batch.

    All processes count together and draw from the outputs of all, so the codebook stays equal
    everywhere and does not depend on how the batch is divided. Nothing waits for the device: which
    codes are replaced is decided by a mask.

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
            vectors (Tensor): Encoder outputs of this process, shape (B, ..., D); all processes have
                equally many.
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
        codebook.copy_(torch.where(self.counts[:, None] > 0, codebook, fresh))
        self.counts.zero_()
