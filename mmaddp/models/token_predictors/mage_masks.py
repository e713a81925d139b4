"""Random masks for the pre-training of MAGE."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Optional

import torch
from torch import Tensor

from mmaddp.registry import TASK_UTILS


@dataclass(frozen=True)
class MAGEMasks:
    """What is hidden from MAGE, and what its encoder sees.

    Attributes:
        mask (Tensor): Positions whose ids are hidden and predicted, bool, shape (B, L), True =
            masked; the same number in every sample.
        kept (Tensor): Positions that enter the encoder, long, shape (B, L_kept): all visible ones
            and some masked ones, in no particular order.
    """

    mask: Tensor
    kept: Tensor


@TASK_UTILS.register_module()
class MAGEMaskSampler:
    """Draws one mask ratio per rank and iteration, and masks and drops positions at random.

    The ratio follows a normal distribution truncated to ``[min_ratio, max_ratio]``; its draw is
    continuous. The share of dropped positions does not depend on it, so the encoder's sequence
    always has the same length.

    Args:
        min_ratio (float): Smallest mask ratio. Defaults to 0.5.
        max_ratio (float): Largest mask ratio. Defaults to 1.
        mean (float): Mean of the normal before truncation. Defaults to 0.55.
        std (float): Standard deviation of the normal before truncation. Defaults to 0.25.
        drop_ratio (float): Share of all positions that the encoder does not see at all. They are
            always masked ones, so it must not exceed ``min_ratio``. Defaults to 0.5.

    Raises:
        ValueError: When the ratios are out of order or out of range.
    """

    def __init__(
        self,
        min_ratio: float = 0.5,
        max_ratio: float = 1.0,
        mean: float = 0.55,
        std: float = 0.25,
        drop_ratio: float = 0.5,
    ):
        if not 0 < min_ratio <= max_ratio <= 1:
            raise ValueError(
                'Mask ratios need 0 < min_ratio <= max_ratio <= 1, got '
                f'min_ratio={min_ratio} and max_ratio={max_ratio}.'
            )
        if std <= 0:
            raise ValueError(f'std must be positive, got {std}.')
        if not 0 <= drop_ratio <= min_ratio:
            raise ValueError(
                f'drop_ratio {drop_ratio} must lie in [0, min_ratio = {min_ratio}]: only masked '
                'positions may be dropped. Lower drop_ratio or raise min_ratio.'
            )
        self.min_ratio = min_ratio
        self.max_ratio = max_ratio
        self.drop_ratio = drop_ratio
        self.normal = NormalDist(mean, std)

    def draw_ratio(self, generator: Optional[torch.Generator] = None) -> float:
        """Draw a mask ratio on the host, by inverting the truncated distribution.

        Args:
            generator (torch.Generator, optional): On the CPU. Defaults to PyTorch's own.
        """
        low, high = self.normal.cdf(self.min_ratio), self.normal.cdf(self.max_ratio)
        uniform = float(torch.rand((), dtype=torch.float64, generator=generator))
        quantile = low + uniform * (high - low)
        if not 0 < quantile < 1:  # a range so far out that the normal has no mass there
            return self.min_ratio
        return min(max(self.normal.inv_cdf(quantile), self.min_ratio), self.max_ratio)

    def split(self, noise: Tensor, ratio: float) -> MAGEMasks:
        """Mask the ``ceil(L * ratio)`` smallest values, drop ``floor(L * drop_ratio)`` of them.

        Positions are ranked, so the counts are exact and dropped positions are masked ones even
        where two values tie.

        Args:
            noise (Tensor): One number per position, shape (B, L).
            ratio (float): Mask ratio in (0, 1].
        """
        num_tokens = noise.size(1)
        order = noise.argsort(dim=1, stable=True)
        is_masked = torch.arange(num_tokens, device=noise.device) < math.ceil(num_tokens * ratio)
        mask = torch.empty_like(noise, dtype=torch.bool).scatter(
            1, order, is_masked.expand_as(order)
        )
        return MAGEMasks(mask, kept=order[:, math.floor(num_tokens * self.drop_ratio) :])

    def draw(self, batch_size: int, num_tokens: int, device: torch.device) -> MAGEMasks:
        """Draw the masks of a batch.

        Args:
            batch_size (int): Samples B.
            num_tokens (int): Positions L.
            device (torch.device): Where the masks are needed; the noise is drawn there.
        """
        noise = torch.rand(batch_size, num_tokens, device=device)
        return self.split(noise, self.draw_ratio())
