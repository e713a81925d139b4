"""Pictures with label maps."""

import math
import operator
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np

from mmaddp.datasets.checks.label_maps import read_label_map
from mmaddp.own.finetuning.labelled import (
    SPLITS,
    Labelled,
    check_splits,
    count_lines,
    divide,
    told_apart,
)
from mmaddp.own.look import Picture, look

IGNORED = 255
# Weight of the rarest classes in the loss, over that of the most frequent one.
MOST_WEIGHT = 10
NAMES = 'classes.txt'


@dataclass(frozen=True)
class MapData(Labelled):
    """Pictures in ``images/`` whose label maps lie in ``labels/``.

    Attributes:
        suffix (str): Of the pictures.
        root (Path): Holds both folders.
        pixels (dict[str, list[int]]): Pixels of each class, by split.
    """

    suffix: str
    root: Path
    pixels: dict[str, list[int]]

    def weights(self) -> list[float]:
        """Weights of the classes: about the root of how much rarer than the most frequent."""
        most = max(self.pixels['train'])
        return [
            round(min(math.sqrt(most / max(number, 1)), MOST_WEIGHT) / MOST_WEIGHT, 3)
            for number in self.pixels['train']
        ]

    def mean_weight(self) -> float:
        """Mean weight of a pixel that is not ignored."""
        counts = self.pixels['train']
        return sum(map(operator.mul, counts, self.weights())) / sum(counts)

    def baselines(self) -> dict[str, float]:
        """Figures on 'val' of the class that is most frequent in 'train' at every pixel."""
        label = self.pixels['train'].index(max(self.pixels['train']))
        counts = self.pixels['val']
        share = 100 * counts[label] / sum(counts)
        present = sum(number > 0 or other == label for other, number in enumerate(counts))
        return {
            'mIoU of the most frequent class everywhere, %': share / present,
            'pixels of the most frequent class, %': share,
        }

    def lists(self) -> dict[str, str]:
        """Names without suffix, by split."""
        return {
            f'{split}.txt': ''.join(f'{p.file[: -len(self.suffix)]}\n' for p in self.splits[split])
            for split in SPLITS
        }


def look_at_maps(folder: Path, seed: int) -> MapData:
    """Read ``images`` and ``labels``, perhaps with 'train' and 'val' in both.

    Args:
        folder (Path): Holds both, and perhaps ``classes.txt`` with a name per line.
        seed (int): Of the division, where there is none.

    Raises:
        FileNotFoundError: A folder is missing, or a picture has no label map.
        ValueError: Label maps are damaged, do not fit or hold what is no class.
    """
    for name in ('images', 'labels'):
        if not (folder / name).is_dir():
            raise FileNotFoundError(
                f'There is no folder {folder / name}: --task segment takes a folder with images/ '
                'and labels/.'
            )
    found = look(folder / 'images')
    suffix = _suffix(folder, found.pictures)
    names = _names(folder)
    values = {picture.file: _values(folder, picture, names) for picture in found.pictures}
    counts: Counter = sum(values.values(), Counter())
    if not counts:
        raise ValueError(f'{folder / "labels"}: all pixels are ignored ({IGNORED}).')
    classes = names or tuple(f'class_{label}' for label in range(max(counts) + 1))
    if len(classes) < 2:
        raise ValueError(f'{folder / "labels"} holds one class: there is nothing to tell apart.')
    if all((folder / 'images' / split).is_dir() for split in SPLITS):
        splits = {
            split: [p for p in found.pictures if p.file.startswith(f'{split}/')] for split in SPLITS
        }
    else:
        splits = divide(found.pictures, dict(all=[p.file for p in found.pictures]), seed)
    check_splits(folder, splits)
    pixels = {}
    for split, pictures in splits.items():
        total: Counter = sum((values[picture.file] for picture in pictures), Counter())
        pixels[split] = [total[label] for label in range(len(classes))]
    if not all(map(sum, pixels.values())):
        raise ValueError(f'{folder / "labels"}: all pixels of a split are ignored ({IGNORED}).')
    lines, flip = told_apart(found)
    number = Counter({name: counts[label] for label, name in enumerate(classes)})
    lines.append(count_lines(number, classes, 'pixels'))
    return MapData(folder / 'images', classes, splits, lines, flip, suffix, folder, pixels)


def _suffix(folder: Path, pictures: list[Picture]) -> str:
    counts = Counter(Path(picture.file).suffix for picture in pictures)
    if len(counts) > 1:
        raise ValueError(
            f'{folder / "images"} holds pictures that end in {" and in ".join(sorted(counts))}: '
            'for --task segment, give all of them one suffix.'
        )
    return next(iter(counts))


def _names(folder: Path) -> Optional[tuple[str, ...]]:
    file = folder / NAMES
    if not file.is_file():
        return None
    names = tuple(line.strip() for line in file.read_text('utf-8').splitlines() if line.strip())
    if len(set(names)) < len(names):
        raise ValueError(f'{file} names a class twice.')
    return names


def _values(folder: Path, picture: Picture, names: Optional[tuple[str, ...]]) -> Counter:
    """Pixels of each label, after checks."""
    file = (folder / 'labels' / picture.file).with_suffix('.png')
    if not file.is_file():
        raise FileNotFoundError(
            f'{folder / "images" / picture.file} has no label map: there is no {file}.'
        )
    shape, labels = read_label_map(str(file))
    if tuple(shape) != (picture.height, picture.width):
        raise ValueError(
            f'{file} has {shape[1]} x {shape[0]} pixels, its picture {picture.width} x '
            f'{picture.height}.'
        )
    values, numbers = np.unique(labels[labels != IGNORED], return_counts=True)
    if names and len(values) and values[-1] >= len(names):
        raise ValueError(
            f'{file} holds the label {values[-1]}, but {folder / NAMES} names {len(names)} '
            f'classes, 0 to {len(names) - 1}; {IGNORED} is ignored.'
        )
    return Counter(dict(zip(values.tolist(), numbers.tolist())))
