"""Editing of picture files, for tools/edit.py."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Optional

import torch
from torch import Tensor

from mmaddp.apis.editing import inpaint, outpaint, reconstruct, vary
from mmaddp.apis.image_files import load_images, load_mask, picture_reader
from mmaddp.engine.generation.manifest import NAME as MANIFEST
from mmaddp.engine.generation.manifest import check_or_write
from mmaddp.models.selfsup import ADDP
from mmaddp.utils.atomic import remove_unfinished
from mmaddp.utils.hashing import file_sha256
from mmaddp.utils.images import image_grid, read_png, save_png
from mmaddp.utils.output_names import distinct_names

SHEET = 'sheet.png'


@dataclass(frozen=True)
class EditSettings:
    """What to do with each picture; exactly one of the first four is given.

    Attributes:
        mask_ratio (float, optional): Share of random tokens to hide and predict again.
        mask (str, optional): File of a mask; pixels that are not black are redrawn.
        outpaint (Sequence[int], optional): Pixels of the model's image at the top, right, bottom
            and left that are invented around the picture.
        strengths (Sequence[float], optional): Shares of the tokens that variations change.
        dilation (int): Pixels by which a mask is widened. Defaults to 0.
        official_start (bool): Let the network see the intact picture first. Defaults to False.

    Raises:
        ValueError: Not exactly one of the first four is given.
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
                'Say what to do with the pictures with one of --mask-ratio, --mask, --outpaint and '
                '--strengths.'
            )


def edit_files(
    model: ADDP,
    files: Sequence[str],
    out: Path,
    seeds: Sequence[int],
    settings: EditSettings,
    zoom: int = 1,
    description: Optional[Mapping[str, Any]] = None,
) -> list[Path]:
    """Edit picture files: ``NAME.png``, ``NAME_K.png`` for version K, and ``sheet.png``.

    ``NAME.png`` is the picture as the model gets it, cropped and resized. Each row of the sheet
    begins with it; with a mask, its known part follows. ``manifest.json`` records what the
    pictures depend on: the same call continues one that was stopped.

    Args:
        model (ADDP): The model.
        files (Sequence[str]): Picture files; those of the same name get different names.
        out (Path): New or empty folder, or that of an earlier call with the same arguments.
        seeds (Sequence[int]): Seeds of the versions of each picture.
        settings (EditSettings): What to do.
        zoom (int): Pixels of the sheet per pixel of an image, along each side. Defaults to 1.
        description (Mapping, optional): What else the pictures depend on. Defaults to None.

    Returns:
        list[Path]: The files that were written or were there already.

    Raises:
        ValueError: The folder holds other files, two pictures would get the same name, or a
            setting is wrong.
    """
    edit, size, mask = _editor(model, settings)
    per_picture = len(seeds) * len(settings.strengths or [None])
    names = _output_names(files, per_picture)
    _prepare(out, _contents(files, seeds, settings, description))
    device, reader = model.neck.mask_token.device, picture_reader(model)
    rows, written = [], []
    for file, stems in zip(files, names):
        targets = [out / f'{stem}.png' for stem in stems]
        if not all(target.is_file() for target in targets):
            image = load_images([file], size, reader)[0].to(device)
            for target, picture in zip(
                targets, [_on_canvas(image, settings), *edit(image, seeds)], strict=True
            ):
                save_png(picture, target)
        shown, *versions = map(read_png, targets)
        first = [shown] if mask is None else [shown, torch.where(mask, 0.5, shown)]
        for start in range(0, per_picture, len(seeds)):
            rows += [*first, *versions[start : start + len(seeds)]]
        written += targets
    save_png(image_grid(rows, len(first) + len(seeds), zoom), out / SHEET)
    return [*written, out / SHEET]


def _output_names(files: Sequence[str], per_picture: int) -> list[list[str]]:
    """Names, without endings, of what is written for each picture.

    Raises:
        ValueError: Two of them are equal.
    """
    names = [
        [name, *(f'{name}_{version}' for version in range(per_picture))]
        for name in distinct_names(files)
    ]
    counts = Counter(name.casefold() for stems in names for name in stems)
    counts[Path(SHEET).stem] += 1
    (name, count), *_ = counts.most_common(1)
    if count > 1:
        raise ValueError(f'Two pictures would be written to {name}.png: rename the original.')
    return names


def _contents(
    files: Sequence[str],
    seeds: Sequence[int],
    settings: EditSettings,
    description: Optional[Mapping[str, Any]],
) -> dict[str, Any]:
    """Everything that the pictures depend on, for the manifest."""
    edit = asdict(settings)
    edit['mask'] = settings.mask and file_sha256(settings.mask)
    for key in ('outpaint', 'strengths'):
        edit[key] = edit[key] and list(edit[key])
    pictures = {str(file): file_sha256(file) for file in files}
    return dict(description or {'environment': {}}, edit=edit, seeds=list(seeds), files=pictures)


def _prepare(out: Path, contents: dict[str, Any]) -> None:
    """Create the folder, or compare its manifest with what is wanted now.

    Raises:
        ValueError: It holds something else.
    """
    if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise ValueError(f'{out} holds files: choose an empty or new folder.')
    out.mkdir(parents=True, exist_ok=True)
    check_or_write(out, contents)
    remove_unfinished(out, '*.png')


Editor = Callable[[Tensor, Sequence[int]], Iterator[Tensor]]


def _editor(
    model: ADDP, settings: EditSettings
) -> tuple[Editor, tuple[int, int], Optional[Tensor]]:
    """What edits a picture (3, H, W), the size that it needs, and which pixels it redraws."""
    size, mask = tuple(model.backbone.img_size), None
    if settings.strengths is not None:
        return partial(_variations, model, settings.strengths), size, None
    options: dict[str, Any] = dict(official_start=settings.official_start)
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
