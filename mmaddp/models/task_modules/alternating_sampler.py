"""The generation process of ADDP."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional, Union

import torch
from torch import Tensor

from mmaddp.registry import TASK_UTILS

from .halton import rolled_ranks
from .mask_schedules import Schedule, get_schedule, num_masked_after
from .token_sampling import draw_ids, last_ranked, least_confident, nucleus_mask, top_mask

ORDERS = ('confidence', 'halton')

Denoiser = Callable[[Optional[Tensor], Tensor, Tensor, int], Tensor]
"""(images (B, 3, H, W), token_ids (B, L), mask (B, L), visible positions) -> logits (B, L, K).

Without images it is asked what the visible tokens say alone."""

Decoder = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(token_ids (B, L), probs (B, L, K), mask (B, L)) -> images (B, 3, H, W)."""


@dataclass(frozen=True)
class GenerationState:
    """Where generation stands before or after a step.

    Attributes:
        token_ids (Tensor): Ids, long, shape (B, L); meaningful where visible.
        mask (Tensor): Positions still to be decided, bool, shape (B, L), True = masked.
        num_masked (int): Masked positions, the same in every sample.
        images (Tensor, optional): Decoded RGB images, shape (B, 3, H, W), not clamped. None after
            a step whose image cannot matter, unless every image was asked for: while everything
            is masked, and after light steps.
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
        num_steps (int): Steps N, at most as many as there are positions. Defaults to 20.
        schedule (str | Schedule): Mask schedule: 'cosine', 'linear', 'square', any function from
            progress (0, 1] to the share that stays masked, or the name of one,
            'package.module:function'. Defaults to 'cosine'.
        choice_temperature (float): Weight of the Gumbel noise on the confidence. Defaults to 6.
        dynamic_temperature (bool): Lower the weight linearly to zero at the last step; otherwise it
            is constant. Defaults to True.
        top_p (float): Nucleus from which ids are drawn, in (0, 1]. Defaults to 1, all codes.
        top_k (int, optional): Number of most probable codes to draw ids from; the nucleus is then
            taken from these. Defaults to None, all codes.
        decode_every (int): Light steps: the picture that the network sees is decoded after every
            so many steps and after the last one. In between it sees the one before, whose encoder
            features are kept, so such a step consists of decoder and output layer. After `LazyMAR
            <https://arxiv.org/abs/2503.12450>`_, which reuses features of earlier steps. Defaults
            to 1, the paper's process.
        order (str): Which positions a step decides: 'confidence', those whose ids are most
            probable, perturbed by the noise, as in the paper; or 'halton', positions that lie far
            apart, in an order that is shifted at random for every picture, see
            :func:`halton_ranks`; the choice temperature is not used then. Defaults to
            'confidence'.
        guidance (float): Weight w of internal guidance: logits become l + w (l - l'), where l' are
            those of the decoder without the encoder's features, a pass of the decoder more. The
            weak model is the own one with less to see, after `self-guidance
            <https://arxiv.org/abs/2410.13136>`_ (NeurIPS 2024). Defaults to 0, none.
        guidance_start (float): Share of the steps before guidance begins: early, while much is
            masked, it does harm (`Rojas et al. <https://arxiv.org/abs/2507.08965>`_). Defaults to
            0.5.

    Raises:
        ValueError: An argument is out of range, or there is no such schedule or order.
    """

    def __init__(
        self,
        num_steps: int = 20,
        schedule: Union[str, Schedule] = 'cosine',
        choice_temperature: float = 6.0,
        dynamic_temperature: bool = True,
        top_p: float = 1.0,
        top_k: Optional[int] = None,
        decode_every: int = 1,
        order: str = 'confidence',
        guidance: float = 0.0,
        guidance_start: float = 0.5,
    ):
        if num_steps < 1:
            raise ValueError(f'num_steps must be at least 1, got {num_steps}.')
        if not 0 <= choice_temperature < float('inf'):
            raise ValueError(
                f'choice_temperature must be finite and not negative, got {choice_temperature}.'
            )
        if not 0 < top_p <= 1:
            raise ValueError(f'top_p must lie in (0, 1], got {top_p}.')
        if top_k is not None and top_k < 1:
            raise ValueError(f'top_k must be at least 1, got {top_k}.')
        if decode_every < 1:
            raise ValueError(f'decode_every must be at least 1, got {decode_every}.')
        if order not in ORDERS:
            raise ValueError(f'order must be one of {ORDERS}, got {order!r}.')
        if not 0 <= guidance < float('inf'):
            raise ValueError(f'guidance must be finite and not negative, got {guidance}.')
        if not 0 <= guidance_start <= 1:
            raise ValueError(f'guidance_start must lie in [0, 1], got {guidance_start}.')
        self.num_steps = num_steps
        self.schedule = get_schedule(schedule)
        self.choice_temperature = choice_temperature
        self.dynamic_temperature = dynamic_temperature
        self.top_p = top_p
        self.top_k = top_k
        self.decode_every = decode_every
        self.order = order
        self.guidance = guidance
        self.guidance_start = guidance_start

    def temperature(self, step: int) -> float:
        """Weight of the Gumbel noise in a step."""
        left = 1 - (step + 1) / self.num_steps if self.dynamic_temperature else 1.0
        return self.choice_temperature * left

    def is_decoded_after(self, step: int) -> bool:
        """Whether the network sees a new picture after a step."""
        return (step + 1) % self.decode_every == 0

    def is_guided(self, step: int) -> bool:
        """Whether a step's logits are guided, if anything is visible."""
        return self.guidance > 0 and step >= self.guidance_start * self.num_steps

    def lengths(self, num_tokens: int, mask_ratio: float = 1.0) -> list[int]:
        """Masked positions after each step.

        Args:
            num_tokens (int): Positions L, or those of them that are masked at the start.
            mask_ratio (float): Share of ``num_tokens`` that is masked at the start, in (0, 1].
                Defaults to 1.

        Returns:
            list[int]: Never increasing, because what is known stays known; the last is 1 or more.
        """
        lengths: list[int] = []
        for step in range(self.num_steps):
            length = num_masked_after(step, self.num_steps, num_tokens, self.schedule, mask_ratio)
            lengths.append(min([length, *lengths[-1:]]))
        return lengths

    def draw(self, probs: Tensor, uniform: Tensor) -> Tensor:
        """Draw ids (B, L) from distributions (B, L, K) with uniform noise (B, L)."""
        if self.top_k is not None:
            probs = probs * top_mask(probs, self.top_k)
            probs = probs / probs.sum(dim=-1, keepdim=True)
        if self.top_p < 1:
            probs = probs * nucleus_mask(probs, self.top_p)
        return draw_ids(probs, uniform)

    def advance(
        self,
        state: GenerationState,
        step: int,
        probs: Tensor,
        ids: Tensor,
        gumbel: Tensor,
        num_masked: int,
        ranks: Optional[Tensor] = None,
    ) -> GenerationState:
        """Fix the ids of the most confident positions, or of the next ones of an order.

        Args:
            state (GenerationState): Before the step.
            step (int): Step, ``0 .. num_steps - 1``.
            probs (Tensor): Distribution over the codes, shape (B, L, K).
            ids (Tensor): Ids drawn from it, long, shape (B, L).
            gumbel (Tensor): Standard Gumbel noise, shape (B, L).
            num_masked (int): Positions that stay masked, as :meth:`lengths` gives them.
            ranks (Tensor, optional): Place of each position in the order, long, shape (B, L).
                Defaults to None, by confidence.

        Returns:
            GenerationState: After the step, without its images.
        """
        token_ids = torch.where(state.mask, ids, state.token_ids)
        if ranks is None:
            perturbation = self.temperature(step) * gumbel
            mask = least_confident(probs, token_ids, state.mask, perturbation, num_masked)
        else:
            mask = last_ranked(ranks, state.mask, num_masked)
        return GenerationState(token_ids, mask, num_masked, probs=probs)

    def iterate(
        self,
        state: GenerationState,
        denoise: Denoiser,
        decode: Decoder,
        draw_noise: Callable[[], tuple[Tensor, Tensor]],
        lengths: Optional[Sequence[int]] = None,
        every_image: bool = True,
        grid_size: Optional[Sequence[int]] = None,
    ) -> Iterator[GenerationState]:
        """Generate step by step.

        Args:
            state (GenerationState): Where to start, for instance :meth:`GenerationState.blank`.
            denoise (Denoiser): The network.
            decode (Decoder): The tokenizer's decoder.
            draw_noise (Callable): Gives uniform and Gumbel noise, each of shape (B, L), per step.
            lengths (Sequence[int], optional): Masked positions after each step. Defaults to those
                of :meth:`lengths` for the positions that are masked at the start.
            every_image (bool): Decode the images of all steps, for a viewer. Otherwise those that
                neither the network nor the caller needs are left out: while everything is masked,
                and after light steps. The result is the same. Defaults to True.
            grid_size (Sequence[int], optional): Token grid (h, w), needed by the order 'halton'.
                Defaults to None.

        Yields:
            GenerationState: After each step; the images of the last one are the result.
        """
        num_tokens = state.mask.shape[1]
        lengths = self.lengths(state.num_masked) if lengths is None else lengths
        seen, ranks = state.images, None
        for step, num_masked in enumerate(lengths):
            num_visible = num_tokens - state.num_masked
            logits = denoise(seen, state.token_ids, state.mask, num_visible)
            if num_visible and self.is_guided(step):
                weak = denoise(None, state.token_ids, state.mask, num_visible)
                logits = logits + self.guidance * (logits - weak)
            probs = logits.softmax(dim=-1)
            uniform, gumbel = draw_noise()
            ids = self.draw(probs, uniform)
            if self.order == 'halton' and ranks is None:
                assert grid_size is not None
                ranks = rolled_ranks(grid_size, gumbel)
            state = self.advance(state, step, probs, ids, gumbel, num_masked, ranks)
            is_last = step == len(lengths) - 1
            matters = num_masked < num_tokens and (seen is None or self.is_decoded_after(step))
            if every_image or matters or is_last:
                state = replace(state, images=decode(state.token_ids, probs, state.mask))
            if matters:
                seen = state.images
            yield state
