"""Whether samples are copies."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

# Pictures are compared at this size, so that a shift by a pixel counts little.
COMPARED_SIDE = 16


def pixel_vectors(images: Tensor) -> Tensor:
    """Pictures (N, 3, H, W) at a small size, as vectors (N, D)."""
    return adaptive_avg_pool2d(images, COMPARED_SIDE).flatten(1)


def nearest_pictures(images: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Distance to the nearest of other pictures, in [0, 1], and its number.

    Args:
        images (Tensor): In [0, 1], shape (N, 3, H, W).
        others (Tensor): The same, (M, 3, H, W).

    Returns:
        tuple[Tensor, Tensor]: Root mean square differences, (N,), and numbers, long, (N,).
    """
    some, all_others = pixel_vectors(images), pixel_vectors(others)
    distances, numbers = torch.cdist(some, all_others).min(dim=1)
    return distances / some.shape[1] ** 0.5, numbers


def class_names(files: Sequence[Path], folder: Path) -> list[str]:
    """Name of the class folder of each file."""
    return [file.relative_to(folder).parts[0] for file in files]
