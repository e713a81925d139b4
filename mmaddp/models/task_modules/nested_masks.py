"""Nested random masks for ADDP pre-training."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional, Union

import torch
from torch import Tensor

from mmaddp.registry import TASK_UTILS


@dataclass(frozen=True)
class NestedMasks:
    """Masks of two neighbouring steps of the diffusion, True = masked.

    Attributes:
        mask_t (Tensor): Masked positions at step t, bool, shape (B, L).
        mask_s (Tensor): The same at the noisier step s = t + 1, a superset of ``mask_t``.
        num_visible (Tuple[int, ...]): Positions of each sample that ``mask_t`` leaves visible.
    """

    mask_t: Tensor
    mask_s: Tensor
    num_visible: tuple[int, ...]

    @property
    def both(self) -> tuple[Tensor, Tensor]:
        """``mask_s`` and ``mask_t``."""
        return self.mask_s, self.mask_t


def mask_smallest(scores: Tensor, num_masked: Union[int, Tensor]) -> Tensor:
    """Mask the positions with the smallest scores; the count is exact even if scores tie.

    Args:
        scores (Tensor): Shape (B, L).
        num_masked (int | Tensor): The count, or counts broadcastable to (B, 1).

    Returns:
        Tensor: bool, shape (B, L), True = masked.
    """
    rank = scores.argsort(dim=1, stable=True).argsort(dim=1)
    return rank < num_masked


@TASK_UTILS.register_module()
class NestedMaskSampler:
    """Draws ``mask_t`` and its superset ``mask_s``.

    The ratios lie on the cosine grid ``cos(pi/2 * k/grid_steps)``, kept within
    ``[min_ratio, max_ratio)`` and weighted by the density of a normal distribution. The noisier
    ratio lies 1 to ``max_offset`` grid values further, or is the last one.

    Args:
        num_tokens (int): Positions L.
        min_ratio (float): Smallest ratio kept. Defaults to 0.5.
        max_ratio (float): Bound below which ratios are kept. Defaults to 1.
        mean (float): Mean of the normal. Defaults to 0.55.
        std (float): Standard deviation of the normal. Defaults to 0.25.
        grid_steps (int): Intervals of the cosine grid. Defaults to 100.
        max_offset (int): Largest distance of the two ratios on the grid. Defaults to 5.
        per_sample (bool): Draw ratio and noise for every sample from its own seed, instead of one
            ratio per rank and iteration as the official implementation does. Defaults to False.
    """

    def __init__(
        self,
        num_tokens: int,
        min_ratio: float = 0.5,
        max_ratio: float = 1.0,
        mean: float = 0.55,
        std: float = 0.25,
        grid_steps: int = 100,
        max_offset: int = 5,
        per_sample: bool = False,
    ):
        grid = [math.cos(math.pi / 2 * k / grid_steps) for k in range(grid_steps, -1, -1)]
        ratios = [ratio for ratio in grid if min_ratio <= ratio < max_ratio]
        if not ratios:
            raise ValueError(
                f'No mask ratio of the cosine grid lies in [{min_ratio}, {max_ratio}) with '
                f'grid_steps={grid_steps}; widen the range or refine the grid.'
            )
        self.num_tokens = num_tokens
        self.max_offset = max_offset
        self.per_sample = per_sample
        self.ratios = torch.tensor(ratios, dtype=torch.float64)
        density = torch.exp(-0.5 * ((self.ratios - mean) / std) ** 2)
        self.probs = density / density.sum()
        self._counts = [math.ceil(num_tokens * ratio) for ratio in ratios]

    def draw_counts(self, generator: Optional[torch.Generator] = None) -> tuple[int, int]:
        """Draw the numbers of masked positions (n_t, n_s), with ``1 <= n_t <= n_s <= L``.

        Args:
            generator (torch.Generator, optional): CPU generator. None takes PyTorch's default.
        """
        index = int(torch.multinomial(self.probs, 1, generator=generator))
        offset = int(torch.randint(1, self.max_offset + 1, (), generator=generator))
        return self._counts[index], self._counts[min(index + offset, len(self._counts) - 1)]

    def draw(
        self,
        batch_size: int,
        device: torch.device,
        sample_seeds: Optional[Sequence[int]] = None,
    ) -> NestedMasks:
        """Draw the masks of a batch.

        Args:
            batch_size (int): Samples B.
            device (torch.device): Where the masks are needed.
            sample_seeds (Sequence[int], optional): One seed per sample, needed if ``per_sample``.

        Returns:
            NestedMasks: Masks on ``device``.
        """
        if not self.per_sample:
            counts = [self.draw_counts()] * batch_size
            noise = torch.rand(batch_size, self.num_tokens, device=device)
        else:
            counts, noise = self._draw_from_seeds(sample_seeds, device)
        n_t, n_s = torch.tensor(counts).to(device, non_blocking=True).unbind(1)
        return NestedMasks(
            mask_t=mask_smallest(noise, n_t[:, None]),
            mask_s=mask_smallest(noise, n_s[:, None]),
            num_visible=tuple(self.num_tokens - n for n, _ in counts),
        )

    def _draw_from_seeds(self, sample_seeds: Optional[Sequence[int]], device: torch.device):
        if sample_seeds is None:
            raise ValueError(
                'per_sample=True needs a sample_seed in every data sample: wrap the data set in '
                'mmaddp.SeededDataset.'
            )
        counts, noise = [], []
        for seed in sample_seeds:
            generator = torch.Generator().manual_seed(seed)
            counts.append(self.draw_counts(generator))
            noise.append(torch.rand(self.num_tokens, generator=generator))
        return counts, torch.stack(noise).to(device, non_blocking=True)
