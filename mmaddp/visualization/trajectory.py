"""What happens in each step of a generation: picture, mask, confidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

import torch
from PIL import Image
from torch import Tensor

from mmaddp.models.selfsup import ADDP
from mmaddp.models.task_modules import GenerationState
from mmaddp.utils.atomic import atomic_path
from mmaddp.utils.images import as_rgb, image_grid, to_uint8
from mmaddp.utils.pixel_masks import covered_pixels

ANIMATION_SUFFIXES = ('.gif', '.webp')


@dataclass(frozen=True)
class Trajectory:
    """The steps of a generation, on the CPU.

    Attributes:
        images (Tensor): RGB in [0, 1], shape (N, B, 3, H, W); see
            :func:`mmaddp.utils.images.as_rgb`.
        masks (Tensor): Positions that are masked after each step, bool, shape (N, B, L).
        confidences (Tensor): Probability of each position's id when it was drawn, shape (N, B, L);
            1 where it was known before the step.
        grid_size (tuple[int, int]): Token grid (h, w).
    """

    images: Tensor
    masks: Tensor
    confidences: Tensor
    grid_size: tuple[int, int]


def record_trajectory(
    model: ADDP,
    seeds: Sequence[int],
    start: Optional[GenerationState] = None,
    keep: Optional[Sequence[int]] = None,
) -> Trajectory:
    """Generate and keep every step.

    Args:
        model (ADDP): The model.
        seeds (Sequence[int]): Seeds of the images.
        start (GenerationState, optional): See :meth:`ADDP.generate`. Defaults to None.
        keep (Sequence[int], optional): Positions in the batch of the images whose steps are kept.
            Defaults to all.

    Returns:
        Trajectory: The steps.
    """
    keep = list(range(len(seeds)) if keep is None else keep)
    steps = []
    masked = None if start is None else start.mask
    for state in model.generate(seeds, start):
        drawn = state.probs.gather(-1, state.token_ids.unsqueeze(-1)).squeeze(-1)
        if masked is not None:
            drawn = torch.where(masked, drawn, 1.0)
        masked = state.mask
        kept = as_rgb(state.images.float().clamp(0, 1)), state.mask, drawn
        steps.append([part[keep].cpu() for part in kept])
    images, masks, confidences = map(torch.stack, zip(*steps))
    return Trajectory(images, masks, confidences, model.target_generator.grid_size)


def draw_trajectory(trajectory: Trajectory, place: int) -> Tensor:
    """Draw one image's steps as three rows: picture, mask, confidence.

    Masked positions are grey on the picture of the second row. The third row shows the probability
    with which each position's id was drawn, from dark (0) to yellow (1).

    Args:
        trajectory (Trajectory): The steps.
        place (int): Position of the image in the batch.

    Returns:
        Tensor: RGB in [0, 1], shape (N, 3, 3, H, W): steps, rows.
    """
    import matplotlib

    images = trajectory.images[:, place]
    size = images.shape[-2:]
    grid = trajectory.grid_size
    mask = covered_pixels(trajectory.masks[:, place], grid, size).unsqueeze(1)
    confidences = trajectory.confidences[:, place].numpy()
    colours = torch.from_numpy(matplotlib.colormaps['viridis'](confidences))
    colours = colours[..., :3].float().movedim(-1, 1).flatten(2)
    heat = covered_pixels(colours.flatten(0, 1), grid, size).unflatten(0, (-1, 3))
    return torch.stack((images, torch.where(mask, 0.5, images), heat), dim=1)


def trajectory_strip(trajectory: Trajectory, place: int, zoom: int = 1) -> Tensor:
    """:func:`draw_trajectory` as one sheet, steps from left to right, shape (3, H', W')."""
    rows = draw_trajectory(trajectory, place).transpose(0, 1)
    return image_grid([*rows.flatten(0, 1)], columns=rows.shape[1], zoom=zoom)


def save_animation(
    frames: Sequence[Tensor], path: Union[str, Path], seconds: float = 0.2, zoom: int = 1
) -> None:
    """Write a looping animation; the last frame is shown longer.

    Args:
        frames (Sequence[Tensor]): RGB in [0, 1], each of shape (3, H, W).
        path (str | Path): A ``.gif`` or ``.webp`` file; it is complete or absent.
        seconds (float): Duration of a frame. Defaults to 0.2.
        zoom (int): Pixels per pixel of a frame, along each side. Defaults to 1.

    Raises:
        ValueError: The file has another suffix.
    """
    suffix = Path(path).suffix
    if suffix not in ANIMATION_SUFFIXES:
        raise ValueError(f'{path} must end in one of {", ".join(ANIMATION_SUFFIXES)}.')
    pictures = [
        Image.fromarray(to_uint8(frame).repeat(zoom, axis=0).repeat(zoom, axis=1))
        for frame in frames
    ]
    milliseconds = round(1000 * seconds)
    durations = [milliseconds] * (len(pictures) - 1) + [5 * milliseconds]
    options = dict(lossless=True) if suffix == '.webp' else {}
    with atomic_path(path) as unfinished:
        pictures[0].save(
            unfinished,
            format=suffix[1:].upper(),
            save_all=True,
            append_images=pictures[1:],
            duration=durations,
            loop=0,
            **options,
        )
