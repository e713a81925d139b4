"""New pictures from a real one: reconstruction, inpainting, outpainting, variations."""

import math
from collections.abc import Sequence
from typing import Optional

import torch
from torch import Tensor

from mmaddp.models.selfsup import ADDP
from mmaddp.models.task_modules import GenerationState, mask_smallest
from mmaddp.utils.pixel_masks import blend, covered_pixels, fill_hidden, grow, touched_tokens

# Separates the seed of a random mask from that of the picture.
_ORDER = 0x5EED


@torch.no_grad()
def start_from_images(
    model: ADDP,
    images: Tensor,
    mask: Tensor,
    hidden: Optional[Tensor] = None,
    official_start: bool = False,
) -> GenerationState:
    """Start generation from real images of which some tokens are unknown.

    The first picture that the network sees is the x_t of pre-training for this mask: known tokens,
    and what the token predictor expects at the others. The official implementation shows it the
    intact image instead, which contains what it is supposed to invent.

    Args:
        model (ADDP): The model.
        images (Tensor): RGB in [0, 1], shape (B, 3, H, W).
        mask (Tensor): Unknown tokens, bool, shape (B, L), equally many in every sample.
        hidden (Tensor, optional): Pixels that are replaced before the image becomes tokens, bool,
            shape (B, H, W). Without it the known tokens reveal something about their neighbourhood,
            because the tokenizer sees beyond a patch. Defaults to None.
        official_start (bool): Start as the official implementation does: tokens and first picture
            are those of the intact image. Defaults to False.

    Returns:
        GenerationState: For :meth:`ADDP.generate`.
    """
    counts = mask.sum(dim=1)
    assert (counts == counts[0]).all()
    generator = model.target_generator
    if hidden is not None and not official_start:
        images = fill_hidden(images, hidden)
    token_ids = generator.tokenize(images)
    if not official_start:
        images = generator.decode(token_ids, generator.token_predictor(token_ids, mask), mask)
    return GenerationState(token_ids, mask, int(counts[0]), images)


def _result(model: ADDP, seeds: Sequence[int], start: GenerationState, lengths=None) -> Tensor:
    if start.num_masked == 0:
        return start.images.clamp(0, 1)
    for state in model.generate(seeds, start, lengths, every_image=False):
        images = state.images
    return images.clamp(0, 1)


@torch.no_grad()
def reconstruct(
    model: ADDP,
    images: Tensor,
    mask_ratio: float = 0.0,
    seeds: Optional[Sequence[int]] = None,
    hide_pixels: bool = True,
    official_start: bool = False,
) -> Tensor:
    """Hide random tokens of images and let the model predict them again.

    Args:
        model (ADDP): The model.
        images (Tensor): RGB in [0, 1], shape (B, 3, H, W).
        mask_ratio (float): Share of the tokens that is hidden, in [0, 1]; at 0 the images only pass
            through the tokenizer. Defaults to 0.
        seeds (Sequence[int], optional): One per image. Defaults to 0, 1, ...
        hide_pixels (bool): Replace the pixels of hidden tokens before the image becomes tokens,
            so that nothing about them is known. Defaults to True.
        official_start (bool): See :func:`start_from_images`. Defaults to False.

    Returns:
        Tensor: RGB in [0, 1], shape (B, 3, H, W).

    Raises:
        ValueError: ``mask_ratio`` lies outside [0, 1], or the images have another size.
    """
    if not 0 <= mask_ratio <= 1:
        raise ValueError(f'The mask ratio must lie in [0, 1], got {mask_ratio}.')
    _check_images(model, images)
    if mask_ratio == 0:
        tokenizer = model.target_generator.tokenizer
        return tokenizer.decode(tokenizer.encode(images)[1]).clamp(0, 1)
    seeds = range(len(images)) if seeds is None else seeds
    num_tokens, grid = model.neck.num_tokens, model.target_generator.grid_size
    # Not the random stream that the generation steps draw from.
    generators = [torch.Generator().manual_seed(seed ^ _ORDER) for seed in seeds]
    order = torch.stack([torch.rand(num_tokens, generator=g) for g in generators])
    num_masked = torch.tensor(math.ceil(num_tokens * mask_ratio))
    mask = mask_smallest(order, num_masked).to(images.device)
    hidden = covered_pixels(mask, grid, images.shape[2:]) if hide_pixels else None
    start = start_from_images(model, images, mask, hidden, official_start)
    return _result(model, seeds, start, model.sampler.lengths(num_tokens, mask_ratio))


def vary(model: ADDP, image: Tensor, strengths: Sequence[float], seeds: Sequence[int]) -> Tensor:
    """Make variations of one image.

    The tokens that stay are those of the intact image. For the same seed, those that a weak
    variation changes are among those that a stronger one changes.

    Args:
        model (ADDP): The model.
        image (Tensor): RGB in [0, 1], shape (3, H, W).
        strengths (Sequence[float]): Shares of the tokens that are drawn anew, in [0, 1]: at 0 the
            image only passes through the tokenizer, at 1 nothing of it is left.
        seeds (Sequence[int]): Seeds of the variations of each strength.

    Returns:
        Tensor: RGB in [0, 1], shape (number of strengths, number of seeds, 3, H, W).
    """
    images = image.expand(len(seeds), -1, -1, -1)
    return torch.stack(
        [reconstruct(model, images, strength, seeds, hide_pixels=False) for strength in strengths]
    )


@torch.no_grad()
def inpaint(
    model: ADDP,
    images: Tensor,
    masks: Tensor,
    seeds: Optional[Sequence[int]] = None,
    dilation: int = 0,
    feather: Optional[int] = None,
    official_start: bool = False,
) -> Tensor:
    """Redraw regions of images.

    Every token whose patch touches the mask is drawn anew. The pixels under the mask are replaced
    before the image becomes tokens, so nothing about them is known. At the end, known pixels are
    put back.

    Args:
        model (ADDP): The model.
        images (Tensor): RGB in [0, 1], shape (B, 3, H, W).
        masks (Tensor): Pixels to redraw, bool, shape (B, H, W), or (H, W) for all images.
        seeds (Sequence[int], optional): One per image. Defaults to 0, 1, ...
        dilation (int): Pixels by which the masks are widened. Defaults to 0.
        feather (int, optional): See :func:`mmaddp.utils.pixel_masks.blend`. Defaults to half a
            patch.
        official_start (bool): See :func:`start_from_images`; lets the hidden pixels leak.
            Defaults to False.

    Returns:
        Tensor: RGB in [0, 1], shape (B, 3, H, W).

    Raises:
        ValueError: Images or masks have another size than the model's images, or ``dilation`` or
            ``feather`` is negative.
    """
    _check_images(model, images)
    if dilation < 0 or (feather or 0) < 0:
        raise ValueError(f'dilation and feather must not be negative, got {dilation}, {feather}.')
    if masks.shape[-2:] != images.shape[-2:]:
        raise ValueError(
            f'The mask has {masks.shape[-1]} x {masks.shape[-2]} pixels, the image '
            f'{images.shape[-1]} x {images.shape[-2]}: they must have the same size.'
        )
    grid = model.target_generator.grid_size
    seeds = range(len(images)) if seeds is None else seeds
    feather = images.shape[-2] // grid[0] // 2 if feather is None else feather
    hidden = grow(masks.to(images.device).expand(len(images), -1, -1), dilation)
    tokens = touched_tokens(hidden, grid)
    results = torch.empty_like(images)
    for count in tokens.sum(dim=1).unique().tolist():  # equally many visible ones per batch
        which = (tokens.sum(dim=1) == count).nonzero().flatten()
        parts = images[which], tokens[which], hidden[which]
        start = start_from_images(model, *parts, official_start)
        drawn = _result(model, [seeds[index] for index in which.tolist()], start)
        results[which] = blend(parts[0], drawn, parts[2], feather)
    return results


def outpaint(
    model: ADDP,
    images: Tensor,
    margins: Sequence[int],
    seeds: Optional[Sequence[int]] = None,
    **kwargs,
) -> Tensor:
    """Continue images beyond their borders.

    Args:
        model (ADDP): The model.
        images (Tensor): RGB in [0, 1]; with the margins around them they have the size of the
            model's images.
        margins (Sequence[int]): Pixels to add at the top, right, bottom and left.
        seeds (Sequence[int], optional): One per image. Defaults to 0, 1, ...
        **kwargs: Those of :func:`inpaint`.

    Returns:
        Tensor: RGB in [0, 1], shape (B, 3, H, W).

    Raises:
        ValueError: The sizes do not add up, or a margin is negative.
    """
    top, right, bottom, left = margins
    if min(margins) < 0:
        raise ValueError(f'Margins must not be negative, got {tuple(margins)}.')
    padding = (left, right, top, bottom)
    canvas = torch.nn.functional.pad(images, padding)
    known = torch.ones(images.shape[-2:], dtype=torch.bool, device=images.device)
    mask = ~torch.nn.functional.pad(known, padding, value=False)
    return inpaint(model, canvas, mask, seeds, **kwargs)


def _check_images(model: ADDP, images: Tensor) -> None:
    expected = tuple(model.backbone.img_size)
    if tuple(images.shape[-2:]) != expected:
        raise ValueError(
            f'The images have {images.shape[-1]} x {images.shape[-2]} pixels; the model works on '
            f'{expected[1]} x {expected[0]}.'
        )
