"""Pictures of what an ADDP model sees and makes."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mmaddp.models.selfsup import ADDP
from mmaddp.models.task_modules import NestedMasks, mask_smallest


@torch.no_grad()
def target_images(model: ADDP, images: Tensor, mask_ratios: Sequence[float]) -> Tensor:
    """Decode the images x_t that the encoder sees in pre-training.

    Masks of increasing ratios are nested: see :func:`masks_at`.

    Args:
        model (ADDP): The model.
        images (Tensor): RGB in [0, 1], shape (B, 3, H, W).
        mask_ratios (Sequence[float]): Shares of the tokens that ``mask_t`` hides, in [0, 1].

    Returns:
        Tensor: RGB in [0, 1], shape (number of ratios, B, 3, H, W).
    """
    generator = model.target_generator
    token_ids = generator.tokenize(images)
    rows = []
    for ratio in mask_ratios:
        masks = masks_at(model, ratio, token_ids)
        probs_s, _ = generator.predict(token_ids, masks)
        rows.append(generator.decode(token_ids, probs_s, masks.mask_t).clamp(0, 1))
    return torch.stack(rows)


def masks_at(model: ADDP, mask_ratio: float, token_ids: Tensor) -> NestedMasks:
    """Masks of a ratio, always of the same noise, so that those of larger ratios hold them.

    The noisier mask lies three values further on the mask sampler's grid, the middle of the
    training distribution.

    Args:
        model (ADDP): The model.
        mask_ratio (float): Share of the tokens that ``mask_t`` hides, in [0, 1].
        token_ids (Tensor): Ids of the pictures that they are for, shape (B, L).
    """
    num_tokens = token_ids.shape[1]
    noise = torch.rand(token_ids.shape, generator=torch.Generator().manual_seed(0))
    grid = model.target_generator.mask_sampler.ratios
    further = min(int((grid < mask_ratio).sum()) + 3, len(grid) - 1)
    mask_t, mask_s = (
        mask_smallest(noise, torch.tensor(math.ceil(num_tokens * share))).to(token_ids.device)
        for share in (mask_ratio, max(mask_ratio, float(grid[further])))
    )
    num_visible = (num_tokens - math.ceil(num_tokens * mask_ratio),) * len(token_ids)
    return NestedMasks(mask_t, mask_s, num_visible)


def generation_steps(model: ADDP, seeds: Sequence[int]) -> Tensor:
    """Keep the image of every generation step.

    Args:
        model (ADDP): The model.
        seeds (Sequence[int]): Seeds of the images, B of them.

    Returns:
        Tensor: RGB in [0, 1], shape (num_steps, B, 3, H, W).
    """
    return torch.stack([state.images.clamp(0, 1) for state in model.generate(seeds)])
