"""Pixel masks: which tokens they touch, what replaces hidden pixels, and blending."""

import torch
import torch.nn.functional as F
from torch import Tensor


def grow(mask: Tensor, pixels: int) -> Tensor:
    """Widen a mask, bool, shape (B, H, W), by ``pixels`` on all sides."""
    if pixels == 0:
        return mask
    return F.max_pool2d(mask.float().unsqueeze(1), 2 * pixels + 1, 1, pixels).squeeze(1) > 0


def touched_tokens(mask: Tensor, grid_size: tuple[int, int]) -> Tensor:
    """Tokens whose patch holds a masked pixel.

    Args:
        mask (Tensor): bool, shape (B, H, W), True = masked.
        grid_size (tuple[int, int]): Token grid (h, w), which divides (H, W).

    Returns:
        Tensor: bool, shape (B, h * w), row-major, True = masked.
    """
    patch = tuple(side // cells for side, cells in zip(mask.shape[1:], grid_size))
    return (F.max_pool2d(mask.float().unsqueeze(1), patch) > 0).flatten(1)


def covered_pixels(token_mask: Tensor, grid_size: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Pixels of the masked tokens' patches.

    Args:
        token_mask (Tensor): bool, shape (B, h * w), True = masked.
        grid_size (tuple[int, int]): Token grid (h, w).
        size (tuple[int, int]): Size (H, W) of the image.

    Returns:
        Tensor: bool, shape (B, H, W).
    """
    mask = token_mask.unflatten(1, grid_size)
    rows, columns = (side // cells for side, cells in zip(size, grid_size))
    return mask.repeat_interleave(rows, dim=1).repeat_interleave(columns, dim=2)


def fill_hidden(images: Tensor, mask: Tensor) -> Tensor:
    """Replace hidden pixels by their surroundings; the hidden values are never read.

    The known pixels spread inwards ring by ring, each new pixel the mean of its known neighbours,
    so that no edge appears where there was none. An image that is hidden altogether becomes grey.

    Args:
        images (Tensor): RGB in [0, 1], shape (B, 3, H, W).
        mask (Tensor): bool, shape (B, H, W), True = hidden.

    Returns:
        Tensor: The same shape.
    """
    known = ~mask.unsqueeze(1)
    filled = torch.where(known, images, 0.0)
    while not known.all():
        count = F.avg_pool2d(known.to(filled), 3, 1, 1) * 9
        if not count.any(dim=3).any(dim=2).all():
            nothing = ~count.flatten(1).any(dim=1)
            filled[nothing], known[nothing] = 0.5, True
            continue
        mean = F.avg_pool2d(filled, 3, 1, 1) * 9 / count.clamp(min=1)
        ring = ~known & (count > 0.5)
        filled = torch.where(ring, mean, filled)
        known = known | ring
    return filled


def blend(known: Tensor, generated: Tensor, mask: Tensor, feather: int) -> Tensor:
    """Put known pixels back, gradually within ``feather`` pixels of the masked region.

    Args:
        known (Tensor): RGB in [0, 1], shape (B, 3, H, W); masked pixels are not read.
        generated (Tensor): The same shape.
        mask (Tensor): bool, shape (B, H, W), True = only the generated pixel counts.
        feather (int): Width of the blended border outside the mask, in pixels; 0 for a hard edge.

    Returns:
        Tensor: The same shape. Known pixels further from the mask are exactly those of ``known``.
    """
    weight = torch.zeros_like(known[:, :1])
    for distance in range(feather + 1):
        weight += (~grow(mask, distance)).unsqueeze(1) / (feather + 1)
    weight = torch.where(grow(mask, feather).unsqueeze(1), weight, 1.0)
    known = torch.where(mask.unsqueeze(1), 0.0, known)
    return torch.lerp(generated, known, weight)
