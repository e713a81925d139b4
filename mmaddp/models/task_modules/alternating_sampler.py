"""The generation process of ADDP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Optional

import torch
from torch import Tensor

from mmaddp.registry import TASK_UTILS

from .mask_schedules import get_schedule, num_masked_after
from .token_sampling import draw_ids, least_confident, nucleus_mask

Denoiser = Callable[[Optional[Tensor], Tensor, Tensor, int], Tensor]
"""(images (B, 3, H, W), token_ids (B, L), mask (B, L), visible positions) -> logits (B, L, K)."""

Decoder = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(token_ids (B, L), probs (B, L, K), mask (B, L)) -> images (B, 3, H, W)."""


@dataclass(frozen=True)
class GenerationState:
    """Where generation stands before or after a step.

    Attributes:
        token_ids (Tensor): Ids, long, shape (B, L); meaningful where visible.
        mask (Tensor): Positions still to be decided, bool, shape (B, L), True = masked.
        num_masked (int): Masked positions, the same in every sample.
        images (Tensor, optional): Decoded RGB images, shape (B, 3, H, W), not clamped. None before
            the first step of a generation from nothing, where no image can matter.
        probs (Tensor, optional): Distribution over the codes that the step drew from, shape
            (B, L, K). None before the first step.
    """

    token_ids: Tensor
    mask: Tensor
    num_masked: int
    images: Optional[Tensor] = None
    probs: Optional[Tensor] = None

    @classmethod
    def blank(cls, batch_size: int, num_tokens: int, device: torch.device) -> 'GenerationState':
        """The start of an unconditional generation: everything is masked."""
        shape = (batch_size, num_tokens)
        return cls(
            token_ids=torch.zeros(shape, dtype=torch.long, device=device),
            mask=torch.ones(shape, dtype=torch.bool, device=device),
            num_masked=num_tokens,
        )


@TASK_UTILS.register_module()
class AlternatingSampler:
    """Alternates between denoising tokens and decoding images.

    Args:
        num_steps (int): Steps N. Defaults to 20.
        schedule (str): Mask schedule, 'cosine' or 'linear'. Defaults to 'cosine'.
        choice_temperature (float): Weight of the Gumbel noise on the confidence. Defaults to 6.
        dynamic_temperature (bool): Lower the weight linearly to zero at the last step; otherwise it
            is constant. Defaults to True.
        top_p (float): Nucleus from which ids are drawn, in (0, 1]; 1, the default, means all codes.
    """

    def __init__(
        self,
        num_steps: int = 20,
        schedule: str = 'cosine',
        choice_temperature: float = 6.0,
        dynamic_temperature: bool = True,
        top_p: float = 1.0,
    ):
        if num_steps < 1:
            raise ValueError(f'num_steps must be at least 1, got {num_steps}.')
        if choice_temperature < 0:
            raise ValueError(f'choice_temperature must not be negative, got {choice_temperature}.')
        if not 0 < top_p <= 1:
            raise ValueError(f'top_p must lie in (0, 1], got {top_p}.')
        self.num_steps = num_steps
        self.schedule = get_schedule(schedule)
        self.choice_temperature = choice_temperature
        self.dynamic_temperature = dynamic_temperature
        self.top_p = top_p

    def temperature(self, step: int) -> float:
        """Weight of the Gumbel noise in a step."""
        left = 1 - (step + 1) / self.num_steps if self.dynamic_temperature else 1.0
        return self.choice_temperature * left

    def draw(self, probs: Tensor, uniform: Tensor) -> Tensor:
        """Draw ids (B, L) from distributions (B, L, K) with uniform noise (B, L)."""
        if self.top_p < 1:
            probs = probs * nucleus_mask(probs, self.top_p)
        return draw_ids(probs, uniform)

    def advance(
        self, state: GenerationState, step: int, probs: Tensor, ids: Tensor, gumbel: Tensor
    ) -> GenerationState:
        """Fix the ids of the most confident positions.

        Args:
            state (GenerationState): Before the step.
            step (int): Step, ``0 .. num_steps - 1``.
            probs (Tensor): Distribution over the codes, shape (B, L, K).
            ids (Tensor): Ids drawn from it, long, shape (B, L).
            gumbel (Tensor): Standard Gumbel noise, shape (B, L).

        Returns:
            GenerationState: After the step, without its images.
        """
        token_ids = torch.where(state.mask, ids, state.token_ids)
        num_tokens = token_ids.shape[1]
        num_masked = num_masked_after(step, self.num_steps, num_tokens, self.schedule)
        mask = least_confident(
            probs, token_ids, state.mask, self.temperature(step) * gumbel, num_masked
        )
        return GenerationState(token_ids, mask, num_masked, probs=probs)

    def iterate(
        self,
        state: GenerationState,
        denoise: Denoiser,
        decode: Decoder,
        draw_noise: Callable[[], tuple[Tensor, Tensor]],
    ) -> Iterator[GenerationState]:
        """Generate step by step.

        Args:
            state (GenerationState): Where to start, for instance :meth:`GenerationState.blank`.
            denoise (Denoiser): The network.
            decode (Decoder): The tokenizer's decoder.
            draw_noise (Callable): Gives uniform and Gumbel noise, each of shape (B, L), per step.

        Yields:
            GenerationState: After each step; the images of the last one are the result.
        """
        for step in range(self.num_steps):
            num_visible = state.mask.shape[1] - state.num_masked
            logits = denoise(state.images, state.token_ids, state.mask, num_visible)
            probs = logits.softmax(dim=-1)
            uniform, gumbel = draw_noise()
            state = self.advance(state, step, probs, self.draw(probs, uniform), gumbel)
            images = decode(state.token_ids, probs, state.mask)
            state = GenerationState(state.token_ids, state.mask, state.num_masked, images, probs)
            yield state
