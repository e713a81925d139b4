"""Labelled pictures: what all tasks know of them, and how they are divided."""

import hashlib
import random
import re
import statistics
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mmaddp.own.look import Look, Picture, mirror_ratio
from mmaddp.own.plan import MOST_MIRRORED

SPLITS = ('train', 'val')
# Share of the pictures that is held out where there is no folder or file of its own for them.
HELD_OUT = 0.2
# What is said of files that are passed over where all of them may be annotations.
_ANNOTATIONS = re.compile(r'.*: (\d+) passed over: \1 ending in \.json\b.*')
# Classes named in a line.
_SHOWN = 8


@dataclass(frozen=True)
class Labelled:
    """Pictures with their labels, divided.

    Attributes:
        folder (Path): Where the pictures lie.
        classes (tuple[str, ...]): Names, in the order of the labels.
        splits (dict[str, list[Picture]]): 'train' and 'val'.
        lines (list[str]): The findings in plain text.
        flip (bool): Whether mirrored pictures look like pictures of the set.
    """

    folder: Path
    classes: tuple[str, ...]
    splits: dict[str, list[Picture]]
    lines: list[str]
    flip: bool

    @property
    def side(self) -> int:
        """Median of the shorter sides, in pixels."""
        pictures = [picture for split in SPLITS for picture in self.splits[split]]
        return round(statistics.median(min(p.width, p.height) for p in pictures))

    @property
    def channels(self) -> int:
        """Channels of the pictures: 3 if some are coloured, 1 if all are grey, or others."""
        return max(picture.channels for split in SPLITS for picture in self.splits[split])

    def number(self, split: str) -> int:
        """Pictures of a split."""
        return len(self.splits[split])

    def paths(self, split: str) -> list[Path]:
        """Files of a split."""
        return [self.folder / picture.file for picture in self.splits[split]]

    @property
    def digest(self) -> str:
        """Hash of pictures, division and labels."""
        parts = [repr(self.classes), *self.lists().values()]
        parts += [picture.digest for split in SPLITS for picture in self.splits[split]]
        return hashlib.sha256('\n'.join(parts).encode(errors='surrogateescape')).hexdigest()

    def baselines(self) -> dict[str, float]:
        """Figures of an answer that does not look at the pictures: what it is -> value."""
        return {}

    def lists(self) -> dict[str, str]:
        """What the configuration reads: name of a file -> its content."""
        raise NotImplementedError


def told_apart(found: Look) -> tuple[list[str], bool]:
    """Lines on the pictures of a folder, without classes; and whether they may be mirrored."""
    own = _ANNOTATIONS.fullmatch(found.passed_over)
    found = replace(found, classes=[], passed_over='' if own else found.passed_over)
    return found.lines(), mirror_ratio(found.thumbnails) < MOST_MIRRORED


def held_out(groups: Mapping[str, Sequence[str]], seed: int) -> set[str]:
    """Draw the pictures that are held out: of each group its share, and at least one.

    Args:
        groups (Mapping): Name -> files. Of a group of one, none is drawn.
        seed (int): Of the draw.
    """
    drawn: set[str] = set()
    for name, files in sorted(groups.items()):
        number = max(1, round(HELD_OUT * len(files))) if len(files) > 1 else 0
        drawn.update(random.Random(f'{seed} {name}').sample(sorted(files), number))
    return drawn


def divide(
    pictures: Sequence[Picture], groups: Mapping[str, Sequence[str]], seed: int
) -> dict[str, list[Picture]]:
    """Divide pictures into 'train' and 'val': by folders of these names, else by the draw."""
    chosen = held_out(groups, seed)
    return dict(
        train=[picture for picture in pictures if picture.file not in chosen],
        val=[picture for picture in pictures if picture.file in chosen],
    )


def count_lines(counts: Counter, classes: Collection[str], what: str) -> str:
    """How much there is of each class, in one line."""
    listed = [f'{name} {counts[name]:,}' for name in list(classes)[:_SHOWN]]
    return (
        f'{len(classes)} classes, {what}: {", ".join(listed)}{", ..." * (len(classes) > _SHOWN)}.'
    )


def check_splits(where: Path, splits: Mapping[str, Sequence[Picture]]) -> None:
    """Raise where a split has no picture.

    Raises:
        ValueError: It is named.
    """
    for split, pictures in splits.items():
        if not pictures:
            raise ValueError(f'{where}: no picture that can be used is left for {split}.')
