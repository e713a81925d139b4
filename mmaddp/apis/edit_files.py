"""Editing of picture files, for tools/generate.py."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Optional

import torch
from torch import Tensor

from mmaddp.apis.editing import inpaint, outpaint, reconstruct, vary
from mmaddp.apis.image_files import load_images, load_mask
from mmaddp.models.selfsup import ADDP
from mmaddp.utils.images import image_grid, save_png


@dataclass(frozen=True)
class EditSettings:
    """What is done with each picture; exactly one of the first four is given.

    Attributes:
        mask_ratio (float, optional): Share of random tokens to hide and find again.
        mask (str, optional): File of a mask; pixels that are not black are redrawn.
        outpaint (Sequence[int], optional): Pixels of the model's image at the top, right, bottom
            and left that are invented around the picture.
        strengths (Sequence[float], optional): Shares of the tokens that variations change.
        dilation (int): Pixels by which a mask is widened. Defaults to 0.
        official_start (bool): Let the network see the intact picture first. Defaults to False.

    Raises:
        ValueError: None or several of the first four are given.
    """

    mask_ratio: Optional[float] = None
    mask: Optional[str] = None
    outpaint: Optional[Sequence[int]] = None
    strengths: Optional[Sequence[float]] = None
    dilation: int = 0
    official_start: bool = False

    def __post_init__(self) -> None:
        given = [self.mask_ratio, self.mask, self.outpaint, self.strengths]
        if sum(value is not None for value in given) != 1:
            raise ValueError(
                'Say what to do with the pictures by one of --mask-ratio, --mask, --outpaint and '
                '--strengths.'
            )


def edit_files(
    model: ADDP,
    files: Sequence[str],
    out: Path,
    seeds: Sequence[int],
    settings: EditSettings,
    zoom: int = 1,
) -> list[Path]:
    """Edit picture files: ``NAME.png``, ``NAME_K.png`` for version K, and ``sheet.png``.

    ``NAME.png`` is the picture as the model gets it, cropped and resized. On the sheet each row
    begins with it; where a mask says so, what is known of it follows.

    Args:
        model (ADDP): The model.
        files (Sequence[str]): Picture files.
        out (Path): New or empty folder.
        seeds (Sequence[int]): Seeds of the versions of each picture.
        settings (EditSettings): What to do.
        zoom (int): Pixels of the sheet per pixel of an image, along each side. Defaults to 1.

    Returns:
        list[Path]: The files that were written.

    Raises:
        ValueError: The folder holds files, two pictures have one name, or a setting is wrong.
    """
    if out.is_dir() and any(out.iterdir()):
        raise ValueError(f'{out} holds files: choose an empty or new folder.')
    names = [Path(file).stem for file in files]
    if len(set(names)) < len(names):
        raise ValueError(f'Two pictures have the same name: {", ".join(sorted(names))}.')
    edit, size, mask = _editor(model, settings)
    written, rows = [], []
    for name, file in zip(names, files):
        image = load_images([file], size)[0].to(model.neck.mask_token.device)
        shown, versions = _on_canvas(image, settings), [*edit(image, seeds)]
        pictures = {name: shown} | {f'{name}_{k}': v for k, v in enumerate(versions)}
        for stem, picture in pictures.items():
            written.append(out / f'{stem}.png')
            save_png(picture, written[-1])
        first = [shown] if mask is None else [shown, torch.where(mask.to(shown.device), 0.5, shown)]
        per_row = len(seeds)
        for start in range(0, len(versions), per_row):
            rows += [*first, *versions[start : start + per_row]]
    written.append(out / 'sheet.png')
    save_png(image_grid(rows, len(first) + len(seeds), zoom), written[-1])
    return written


Editor = Callable[[Tensor, Sequence[int]], Iterator[Tensor]]


def _editor(
    model: ADDP, settings: EditSettings
) -> tuple[Editor, tuple[int, int], Optional[Tensor]]:
    """What edits a picture (3, H, W), the size that it needs, and which pixels it redraws."""
    size, mask = tuple(model.backbone.img_size), None
    if settings.strengths is not None:
        return partial(_variations, model, settings.strengths), size, None
    options = dict(official_start=settings.official_start)
    if settings.mask_ratio is not None:
        function = partial(reconstruct, model, mask_ratio=settings.mask_ratio, **options)
        return partial(_versions, function), size, None
    options['dilation'] = settings.dilation
    if settings.mask is not None:
        mask = load_mask(settings.mask, size)
        return partial(_versions, partial(inpaint, model, masks=mask, **options)), size, mask
    top, right, bottom, left = settings.outpaint
    inner = size[0] - top - bottom, size[1] - left - right
    if min(settings.outpaint) < 0 or min(inner) < 1:
        raise ValueError(
            f'--outpaint {" ".join(map(str, settings.outpaint))} does not fit an image of '
            f'{size[1]} x {size[0]} pixels: margins must not be negative and leave something.'
        )
    mask = torch.ones(size, dtype=torch.bool)
    mask[top : size[0] - bottom, left : size[1] - right] = False
    function = partial(outpaint, model, margins=settings.outpaint, **options)
    return partial(_versions, function), inner, mask


def _versions(function: Callable[..., Tensor], image: Tensor, seeds: Sequence[int]) -> Tensor:
    return function(images=image.expand(len(seeds), -1, -1, -1), seeds=seeds)


def _variations(model: ADDP, strengths: Sequence[float], image: Tensor, seeds: Sequence[int]):
    return vary(model, image, strengths, seeds).flatten(0, 1)


def _on_canvas(image: Tensor, settings: EditSettings) -> Tensor:
    """The picture at its place among the margins, if there are any."""
    if settings.outpaint is None:
        return image
    top, right, bottom, left = settings.outpaint
    return torch.nn.functional.pad(image, (left, right, top, bottom), value=0.5)
