"""Metrics of a tokenizer: of reconstructions, and of the use of codes."""

import torch
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


def code_use(token_ids: Tensor, num_codes: int) -> tuple[float, float]:
    """How many codes tokens use.

    Args:
        token_ids (Tensor): Ids, long, any shape.
        num_codes (int): Codes K that there are.

    Returns:
        tuple[float, float]: Share of the codes that occur, in [0, 1]; and the exponential of the
        entropy of their frequencies, in [1, K], also called perplexity.
    """
    counts = torch.bincount(token_ids.flatten(), minlength=num_codes).double()
    entropy = torch.special.entr(counts / counts.sum()).sum()
    return (counts > 0).double().mean().item(), entropy.exp().item()
