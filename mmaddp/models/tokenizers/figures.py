"""Metrics of a reconstruction."""

from torch import Tensor


def image_psnr(images: Tensor, targets: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture.

    Args:
        images (Tensor): Shape (B, 3, H, W); clamped to [0, 1] here.
        targets (Tensor): In [0, 1], shape (B, 3, H, W).

    Returns:
        Tensor: In dB, shape (B,), at most 100.
    """
    errors = (images.float().clamp(0, 1) - targets.float()).square().flatten(1).mean(dim=1)
    return -10 * errors.clamp(min=1e-10).log10()
