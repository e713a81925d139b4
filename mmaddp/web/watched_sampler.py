"""A generation that tells of its steps, and that can be stopped between two of them."""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from mmaddp.apis import LoadedModel
from mmaddp.models.task_modules import AlternatingSampler, GenerationState
from mmaddp.run.sampler_arguments import NAMES
from mmaddp.utils.images import as_rgb, to_uint8
from mmaddp.visualization.trajectory import Trajectory

# Least height of a picture that is kept of each step.
KEPT_SIDE = 96


@dataclass(frozen=True)
class Step:
    """One step of a generation, on the CPU.

    Attributes:
        number (int): From 1 on.
        of (int): How many there are.
        pictures (np.ndarray): RGB, uint8, shape (B, H, W, 3).
        masks (Tensor): Positions that are still open, bool, shape (B, L).
        confidences (Tensor): Probability of each position's id when it was drawn, shape (B, L).
    """

    number: int
    of: int
    pictures: np.ndarray
    masks: Tensor
    confidences: Tensor


class WatchedSampler(AlternatingSampler):
    """Reports each step.

    Args:
        report (Callable): Gets a :class:`Step`; what it raises ends the generation.
        **settings: Those of :class:`AlternatingSampler`.
    """

    def __init__(self, report: Callable[[Step], None], **settings: Any) -> None:
        super().__init__(**settings)
        self.report = report

    def iterate(
        self,
        state: GenerationState,
        denoise: Callable,
        decode: Callable,
        draw_noise: Callable,
        lengths: Optional[Sequence[int]] = None,
        every_image: bool = True,
        grid_size: Optional[Sequence[int]] = None,
    ) -> Iterator[GenerationState]:
        """As :meth:`AlternatingSampler.iterate`, with the pictures of all steps."""
        open_before = state.mask
        found = super().iterate(state, denoise, decode, draw_noise, lengths, True, grid_size)
        for number, after in enumerate(found, start=1):
            drawn = after.probs.gather(-1, after.token_ids.unsqueeze(-1)).squeeze(-1)
            drawn = torch.where(open_before, drawn, 1.0)
            open_before = after.mask
            pictures = to_uint8(as_rgb(after.images.float()))
            self.report(Step(number, self.num_steps, pictures, after.mask.cpu(), drawn.cpu()))
            yield after


def watched(
    model: LoadedModel, report: Callable[[Step], None], **settings: Optional[float]
) -> LoadedModel:
    """The same model, sharing its weights, with a generation process of one's own.

    Args:
        model (LoadedModel): One that generates.
        report (Callable): See :class:`WatchedSampler`.
        **settings: Arguments of the sampler that differ from the model's own; None for those that
            do not.
    """
    own = {name: getattr(model.model.sampler, name) for name in NAMES}
    given = {name: value for name, value in settings.items() if value is not None}
    view = copy.copy(model.model)
    view.sampler = WatchedSampler(report, **own | given)
    return LoadedModel(view, model.checkpoint, model.cfg_options)


def remembered(step: Step, grid_size: tuple[int, int]) -> Step:
    """A step whose pictures are reduced, if they are large, so that many can be kept.

    Args:
        step (Step): The step.
        grid_size (tuple[int, int]): Token grid (h, w); each token keeps a whole number of pixels.
    """
    height, width = step.pictures.shape[1:3]
    patch = math.gcd(height // grid_size[0], width // grid_size[1])
    factors = [n for n in range(1, patch + 1) if patch % n == 0 and height // n >= KEPT_SIDE]
    if not factors or factors[-1] == 1:
        return step
    pixels = torch.from_numpy(step.pictures).movedim(-1, 1).float()
    smaller = avg_pool2d(pixels, factors[-1]).round().byte().movedim(1, -1)
    return replace(step, pictures=smaller.numpy())


def trajectory_of(steps: Sequence[Step], place: int, grid_size: tuple[int, int]) -> Trajectory:
    """The steps of one picture of a batch.

    Args:
        steps (Sequence[Step]): All steps of a generation.
        place (int): Position of the picture in the batch.
        grid_size (tuple[int, int]): Token grid (h, w).
    """
    pictures = np.stack([step.pictures[place : place + 1] for step in steps])
    images = torch.from_numpy(pictures).movedim(-1, -3).float() / 255
    masks = torch.stack([step.masks[place : place + 1] for step in steps])
    confidences = torch.stack([step.confidences[place : place + 1] for step in steps])
    return Trajectory(images, masks, confidences, grid_size)
