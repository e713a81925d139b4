"""Pictures that a model is looked at with: read once, held in memory, divided in two."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import torch
from torch import Tensor

from mmaddp.datasets.class_folders import list_labelled_pictures
from mmaddp.datasets.loading import LoadRGBImage
from mmaddp.utils.fit_image import as_planes, fit_planes
from mmaddp.utils.listing import SUFFIXES, list_class_folders, list_pictures

# Of a single folder, every fifth picture is held out.
HELD_OUT_EVERY = 5


@dataclass(frozen=True)
class PictureSet:
    """Pictures, and their classes where there are any.

    Attributes:
        images (Tensor): Shape (N, C, H, W), uint8, or in [0, 1] if they have more than 8 bits.
        labels (list[int], optional): N classes, or None.
    """

    images: Tensor
    labels: Optional[list[int]]


Samples = Sequence[tuple[Path, Optional[str]]]


def list_samples(folder: Path, max_classes: int) -> Samples:
    """Pictures of a folder with the names of their class folders.

    Args:
        folder (Path): Holds a folder for each class, or just pictures, at any depth.
        max_classes (int): Of more classes, some are taken, evenly spaced in alphabetical order.

    Returns:
        Sequence: Files, class by class, each with its class; with None if there are fewer than two
        classes.

    Raises:
        ValueError: There is no such folder, or it holds no picture.
    """
    if not folder.is_dir():
        raise ValueError(f'There is no folder {folder} with pictures.')
    samples: Samples
    if len(list_class_folders(folder)) >= 2:
        found, _ = list_labelled_pictures(folder, SUFFIXES)
        names = sorted({file.partition('/')[0] for file, _ in found})
        chosen = set(evenly(names, max_classes))
        parts = ((file, file.partition('/')[0]) for file, _ in found)
        samples = [(folder / file, name) for file, name in parts if name in chosen]
    else:
        samples = [(path, None) for path in list_pictures(folder).paths()]
    if not samples:
        raise ValueError(f'{folder} holds no pictures.')
    return samples


def two_sets(
    folder: Path, held_out: Optional[Path], numbers: tuple[int, int], max_classes: int
) -> tuple[Samples, Samples]:
    """Choose pictures, evenly spaced, and pictures that are held out from them.

    Args:
        folder (Path): See :func:`list_samples`.
        held_out (Path, optional): Folder of the latter. None: a fifth of those of ``folder``.
        numbers (tuple[int, int]): Most pictures of both sets.
        max_classes (int): See :func:`list_samples`.

    Raises:
        ValueError: There is only one picture, or the folders have different classes.
    """
    first = list_samples(folder, max_classes)
    if held_out is None:
        return _divided(folder, first, numbers)
    # Its classes are those of the first folder, however many it has.
    second = list_samples(held_out, sys.maxsize)
    classes = {name for _, name in first}
    shared = [sample for sample in second if sample[1] in classes]
    if {name for _, name in shared} < classes:
        raise ValueError(
            f'{held_out} does not hold pictures of the classes of {folder}: both hold a folder of '
            'the same name for each class, or just pictures.'
        )
    return evenly(first, numbers[0]), evenly(shared, numbers[1])


def _divided(folder: Path, samples: Samples, numbers: tuple[int, int]) -> tuple[Samples, Samples]:
    """Hold out every fifth of some pictures."""
    if len(samples) < 2:
        raise ValueError(f'{folder} holds a single picture: two are needed at least.')
    few = min(numbers[1], max(1, min(len(samples), sum(numbers)) // HELD_OUT_EVERY))
    chosen = evenly(samples, min(numbers[0], len(samples) - few) + few)
    which = set(evenly(range(len(chosen)), few))
    divided: tuple[list, list] = ([], [])
    for number, sample in enumerate(chosen):
        divided[number in which].append(sample)
    return divided


def read_sets(
    both: Sequence[Samples], reader: LoadRGBImage, size: tuple[int, int]
) -> list[PictureSet]:
    """Read pictures, cropped to the aspect of a size and resized to it.

    Args:
        both (Sequence): From :func:`two_sets`.
        reader (LoadRGBImage): How they are read.
        size (tuple[int, int]): Height and width.

    Returns:
        list[PictureSet]: With labels if the first one holds two classes at least.

    Raises:
        ValueError: One cannot be read; the message names it.
    """
    names = sorted({name for samples in both for _, name in samples if name is not None})
    labelled = len({name for _, name in both[0]}) > 1
    sets = []
    for samples in both:
        images = torch.stack([_read(path, reader, size) for path, _ in samples])
        labels = [names.index(name) for _, name in samples] if labelled else None
        sets.append(PictureSet(images, labels))
    return sets


def _read(path: Path, reader: LoadRGBImage, size: tuple[int, int]) -> Tensor:
    planes = fit_planes(as_planes(reader.transform(dict(img_path=str(path)))['img']), size)
    return planes if planes.dtype == torch.uint8 else planes.float() / 255


def evenly(items: Sequence, number: int) -> list:
    """So many items of a sequence, evenly spaced; all if there are no more."""
    number = min(number, len(items))
    return [items[place * len(items) // number] for place in range(number)]
