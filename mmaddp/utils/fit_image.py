"""Pictures of any size in that of a network."""

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2.functional import center_crop, resize


def fit_image(pixels: np.ndarray, size: tuple[int, int]) -> Tensor:
    """Crop an image around its centre to the aspect of a size, and resize it.

    Args:
        pixels (np.ndarray): In 0..255, shape (H, W, C), or (H, W) for one channel.
        size (tuple[int, int]): Height h and width w.

    Returns:
        Tensor: In [0, 1], shape (C, h, w).
    """
    return fit_planes(as_planes(pixels), size).float() / 255


def as_planes(pixels: np.ndarray) -> Tensor:
    """An image (H, W, C), or (H, W), as planes (C, H, W) of the same type."""
    planes = torch.from_numpy(pixels)
    return planes[None] if planes.dim() == 2 else planes.movedim(-1, 0)


def fit_planes(planes: Tensor, size: tuple[int, int]) -> Tensor:
    """Crop planes (C, H, W) around their centre to the aspect of a size (h, w), and resize them."""
    scale = max(side / have for side, have in zip(size, planes.shape[1:]))
    scaled = [max(round(have * scale), side) for side, have in zip(size, planes.shape[1:])]
    return center_crop(resize(planes, scaled, antialias=True), list(size))
