"""Noise that belongs to a picture, not to a batch."""

from collections.abc import Sequence

import torch
from torch import Tensor


class SampleNoise:
    """Draws the noise of each picture from the picture's own seed.

    The numbers come from CPU generators, so a seed gives the same picture whatever the device, the
    batch or the number of ranks.

    Args:
        seeds (Sequence[int]): One seed per picture.
        num_tokens (int): Positions L.
        device (torch.device): Where the noise is needed.
    """

    def __init__(self, seeds: Sequence[int], num_tokens: int, device: torch.device):
        self.num_tokens = num_tokens
        self.device = device
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def draw(self) -> tuple[Tensor, Tensor]:
        """Draw for one step.

        Returns:
            Tuple[Tensor, Tensor]: Uniform noise in [0, 1) and standard Gumbel noise, each of shape
            (B, L).
        """
        noise = torch.stack(
            [
                torch.rand(2, self.num_tokens, generator=g, dtype=torch.float64)
                for g in self.generators
            ]
        )
        uniform, to_gumbel = noise.unbind(1)
        tiny = torch.finfo(torch.float64).tiny
        gumbel = -(-to_gumbel.clamp(min=tiny).log()).log()
        return (
            uniform.to(self.device, non_blocking=True),
            gumbel.float().to(self.device, non_blocking=True),
        )
