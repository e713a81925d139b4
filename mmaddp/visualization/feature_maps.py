"""Features of patches as colours."""

import torch
from torch import Tensor

from mmaddp.utils.images import as_rgb, image_grid

# Values outside these quantiles are cut off, so that a few patches do not darken the others.
QUANTILES = (0.02, 0.98)


def principal_colours(tokens: Tensor) -> Tensor:
    """The first three principal components of features, as red, green and blue.

    A component points to where its distribution has the longer tail, so that colours do not turn
    into their opposites from one time to the next.

    Args:
        tokens (Tensor): Features of the patches of some pictures, shape (N, L, C).

    Returns:
        Tensor: In [0, 1], shape (N, L, 3).
    """
    vectors = tokens.detach().double().cpu().flatten(0, 1)
    centred = vectors - vectors.mean(dim=0)
    _, directions = torch.linalg.eigh(centred.T @ centred)
    found = centred @ directions[:, -3:].flip(1)
    found = found * found.pow(3).mean(dim=0).sign()
    low, high = found.quantile(torch.tensor(QUANTILES, dtype=found.dtype), dim=0)
    colours = (found - low) / (high - low).clamp(min=1e-12)
    return colours.clamp(0, 1).float().unflatten(0, tokens.shape[:2])


def feature_sheet(images: Tensor, tokens: Tensor, grid: tuple[int, int], zoom: int = 1) -> Tensor:
    """Pictures, and below each of them the :func:`principal_colours` of its patches.

    Args:
        images (Tensor): In [0, 1], shape (N, C, H, W).
        tokens (Tensor): Features of their patches, shape (N, L, D).
        grid (tuple[int, int]): Patches per column and row (h, w).
        zoom (int): Pixels of the sheet per pixel of a picture, along each side. Defaults to 1.

    Returns:
        Tensor: RGB in [0, 1], shape (3, H', W').
    """
    colours = principal_colours(tokens).transpose(1, 2).unflatten(2, grid)
    maps = torch.nn.functional.interpolate(colours, size=images.shape[-2:], mode='nearest')
    return image_grid([*as_rgb(images.cpu()), *maps], columns=len(images), zoom=zoom)
