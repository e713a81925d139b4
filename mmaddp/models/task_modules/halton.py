"""An order of positions that spreads over the grid."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def halton_ranks(grid_size: Sequence[int]) -> Tensor:
    """Give each position of a grid its place in a Halton sequence.

    Its points, to the bases 2 and 3, fall into the cells of the grid; cells come in the order in
    which they are first met. So positions that follow each other lie far apart. Source: Besnier et
    al., Halton Scheduler for Masked Generative Image Transformer, ICLR 2025.

    Args:
        grid_size (Sequence[int]): Token grid (h, w).

    Returns:
        Tensor: A permutation of ``0 .. h w - 1``, long, shape (h, w).
    """
    height, width = grid_size
    first = np.array([], int)
    num_points = height * width
    while len(first) < height * width:
        num_points *= 2
        index = np.arange(1, num_points)
        rows = np.floor(_radical_inverse(index, 2) * height).astype(int)
        columns = np.floor(_radical_inverse(index, 3) * width).astype(int)
        cells, first = np.unique(rows * width + columns, return_index=True)
    ranks = np.empty(height * width, int)
    ranks[cells] = first.argsort().argsort()
    return torch.from_numpy(ranks).view(height, width)


def _radical_inverse(index: np.ndarray, base: int) -> np.ndarray:
    """Mirror the digits of whole numbers at the point: 6 = 110 in base 2 becomes 0.011 = 0.375."""
    inverse, weight = np.zeros(len(index)), 1 / base
    while index.any():
        inverse += weight * (index % base)
        index, weight = index // base, weight / base
    return inverse


def rolled_ranks(grid_size: Sequence[int], gumbel: Tensor) -> Tensor:
    """Shift the order of every picture by a random number of rows and columns, around the edges.

    Args:
        grid_size (Sequence[int]): Token grid (h, w).
        gumbel (Tensor): Standard Gumbel noise, shape (B, L), of which two numbers are used.

    Returns:
        Tensor: Place of each position in its picture's order, long, shape (B, L).
    """
    ranks = halton_ranks(grid_size)
    shares = gumbel[:, :2].double().neg().exp().neg().exp().cpu()  # uniform in [0, 1)
    shifts = (shares * torch.tensor(grid_size)).long().tolist()
    rolled = [ranks.roll(shift, dims=(0, 1)).flatten() for shift in shifts]
    return torch.stack(rolled).to(gumbel.device)
