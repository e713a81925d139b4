"""Pictures with a COCO file of boxes, perhaps of masks too."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from mmaddp.datasets.checks.coco import check_coco_file
from mmaddp.datasets.checks.coco_entries import read_coco
from mmaddp.datasets.samples import decode_samples
from mmaddp.own.finetuning.labelled import (
    SPLITS,
    Labelled,
    check_splits,
    count_lines,
    divide,
    told_apart,
)
from mmaddp.own.look import (
    MOST_THUMBNAILS,
    THUMBNAIL_SIDE,
    Picture,
    as_picture,
    look,
    mirror_ratio,
)
from mmaddp.own.plan import MOST_MIRRORED

# Where the files are sought in the folder of the data, in this order; of the first two forms there
# must be one for 'train' and one for 'val'.
PAIRS = ('{}.json', 'annotations/instances_{}.json', 'annotations/instances_{}2017.json')
SINGLE = ('annotations.json', 'annotations/annotations.json')


class _Read(NamedTuple):
    """One file: picture -> objects, with names of classes in place of ids; classes; sizes."""

    objects: dict[str, list[dict]]
    classes: tuple[str, ...]
    sizes: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class CocoData(Labelled):
    """Pictures with boxes.

    Attributes:
        objects (dict[str, list[dict]]): File -> annotations, with ``category_id`` from 1 in the
            order of the classes.
        with_mask (bool): Whether every object has a mask.
    """

    objects: dict[str, list[dict]]
    with_mask: bool

    def lists(self) -> dict[str, str]:
        """A COCO file for each split; ids count from 1."""
        return {f'{split}.json': json.dumps(self._content(split)) for split in SPLITS}

    def _content(self, split: str) -> dict:
        images: list[dict] = []
        annotations: list[dict] = []
        for number, picture in enumerate(self.splits[split], 1):
            size = dict(width=picture.width, height=picture.height)
            images.append(dict(id=number, file_name=picture.file, **size))
            for entry in self.objects[picture.file]:
                place = dict(id=len(annotations) + 1, image_id=number)
                annotations.append({'iscrowd': 0, **entry, **place})
        categories = [dict(id=number, name=name) for number, name in enumerate(self.classes, 1)]
        return dict(images=images, annotations=annotations, categories=categories)


def look_at_coco(folder: Path, seed: int, file: Optional[Path] = None) -> CocoData:
    """Read a folder of pictures and its COCO files.

    Args:
        folder (Path): Holds the pictures, at any depth.
        seed (int): Of the division, where one file holds all.
        file (Path, optional): The COCO file. Defaults to None: see ``PAIRS`` and ``SINGLE``.

    Raises:
        FileNotFoundError: There is no such folder or file.
        ValueError: A file is damaged or does not fit the pictures, or there are too few.
    """
    found = look(folder)
    files = {'': file} if file else _files(folder)
    read = {split: _read(folder, split, path) for split, path in files.items()}
    classes, objects, split_of = _joined(folder, files, read)
    usable = [picture for picture in found.pictures if picture.file in objects]
    if '' in files:
        splits = divide(usable, _by_rarest(usable, objects), seed)
    else:
        splits = {split: [p for p in usable if split_of[p.file] == split] for split in SPLITS}
    check_splits(folder, splits)
    for part in read.values():
        _check_sizes(folder, [p for p in usable if p.file in part.sizes], part.sizes)
    lines, _ = told_apart(found)
    flip = mirror_ratio(_thumbnails(folder, usable, objects)) < MOST_MIRRORED
    with_mask = all(entry.get('segmentation') for p in usable for entry in objects[p.file])
    counts = Counter(classes[o['category_id'] - 1] for p in usable for o in objects[p.file])
    lines.append(count_lines(counts, classes, f'objects with {"masks" if with_mask else "boxes"}'))
    lines += _left_out([picture.file for picture in found.pictures], objects)
    return CocoData(folder, classes, splits, lines, flip, objects, with_mask)


def _joined(
    folder: Path, files: Mapping[str, Path], read: Mapping[str, _Read]
) -> tuple[tuple[str, ...], dict[str, list[dict]], dict[str, str]]:
    """Classes; picture -> objects with numbers of classes; picture -> split."""
    classes = next(iter(read.values())).classes
    objects: dict[str, list[dict]] = {}
    split_of: dict[str, str] = {}
    for split, part in read.items():
        more = [name for name in part.classes if name not in classes]
        if more:
            raise ValueError(f'{files[split]} has objects of {more[0]}, of which train has none.')
        for name, listed in part.objects.items():
            if name in split_of:
                raise ValueError(f'{folder / name} is in both {files["train"]} and {files["val"]}.')
            split_of[name] = split
            objects[name] = [
                dict(entry, category_id=classes.index(entry['category_id']) + 1) for entry in listed
            ]
    return classes, objects, split_of


def _left_out(pictures: Sequence[str], objects: Mapping[str, list[dict]]) -> list[str]:
    """Lines on pictures that are not used."""
    unlabelled = [file for file in pictures if file not in objects]
    empty = [file for file in pictures if file in objects and not objects[file]]
    lines = []
    if unlabelled:
        lines.append(
            f'Left out, in no annotation file: {len(unlabelled):,}, for instance {unlabelled[0]}.'
        )
    if empty:
        lines.append(f'Without an object, and so not used for training: {len(empty):,}.')
    return lines


def _files(folder: Path) -> dict[str, Path]:
    """The annotation files by split, or a single one under ''."""
    for form in PAIRS:
        files = {split: folder / form.format(split) for split in SPLITS}
        present = {split: path for split, path in files.items() if path.is_file()}
        if len(present) == len(SPLITS):
            return files
        if present:
            absent = next(path for path in files.values() if not path.is_file())
            raise FileNotFoundError(
                f'There is {next(iter(present.values()))}, but no {absent}. If one file holds all '
                'pictures, name it: --annotations FILE.'
            )
    for name in SINGLE:
        if (folder / name).is_file():
            return {'': folder / name}
    names = [form.format('train') for form in PAIRS] + list(SINGLE)
    raise FileNotFoundError(
        f'{folder} holds no COCO file; sought were {", ".join(names)}. Name it: --annotations FILE.'
    )


def _read(folder: Path, split: str, file: Path) -> _Read:
    """Read a file and check it against the pictures."""
    if not file.is_file():
        raise FileNotFoundError(f'There is no file {file}.')
    content = read_coco(str(file), evaluated=False)
    prefix = _prefix(folder, split, file, content)
    names = {category['id']: category['name'] for category in content['categories']}
    check_coco_file(str(file), str(folder / prefix), tuple(names.values()), with_mask=False)
    paths = {
        image['id']: (Path(prefix) / image['file_name']).as_posix() for image in content['images']
    }
    objects: dict[str, list[dict]] = {path: [] for path in paths.values()}
    for entry in content['annotations']:
        named = dict(entry, category_id=names[entry['category_id']])
        objects[paths[entry['image_id']]].append(named)
    used = {entry['category_id'] for listed in objects.values() for entry in listed}
    if not used:
        raise ValueError(f'{file} holds no object: there is nothing to learn from.')
    sizes = {paths[image['id']]: (image['width'], image['height']) for image in content['images']}
    return _Read(objects, tuple(name for name in names.values() if name in used), sizes)


def _prefix(folder: Path, split: str, file: Path, content: Mapping) -> str:
    """The folder, below that of the data, in which the pictures of a file lie."""
    stem = file.stem.removeprefix('instances_')
    prefixes = dict.fromkeys((split, stem, f'images/{split}', f'images/{stem}', 'images', ''))
    first = content['images'][0]['file_name'] if content['images'] else ''
    for prefix in prefixes:
        if first and (folder / prefix / first).is_file():
            return prefix
    sought = ', '.join(str(folder / prefix) for prefix in prefixes)
    raise ValueError(
        f'{file} names the picture {first or "(none at all)"}, which is in none of the folders '
        f'{sought}.'
    )


def _check_sizes(
    folder: Path, pictures: list[Picture], sizes: Mapping[str, tuple[int, int]]
) -> None:
    for picture in pictures:
        if (picture.width, picture.height) != sizes[picture.file]:
            stated = ' x '.join(map(str, sizes[picture.file]))
            raise ValueError(
                f'{folder / picture.file} has {picture.width} x {picture.height} pixels, but its '
                f'annotations say {stated}: they were made for another picture.'
            )


def _thumbnails(
    folder: Path, pictures: list[Picture], objects: Mapping[str, list[dict]]
) -> np.ndarray:
    """An object of each of some pictures, at 16 x 16: whether these may be mirrored matters."""
    chosen = [picture for picture in pictures if objects[picture.file]]
    thumbnails = []
    for picture in chosen[:: -(-len(chosen) // MOST_THUMBNAILS)]:
        pixels = as_picture(decode_samples((folder / picture.file).read_bytes()))
        x, y, width, height = objects[picture.file][0]['bbox']
        box = (x, y, x + max(width, 1), y + max(height, 1))
        size = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
        thumbnails.append(np.asarray(pixels.crop(tuple(map(round, box))).resize(size)))
    return np.stack(thumbnails)


def _by_rarest(pictures: list[Picture], objects: Mapping[str, list[dict]]) -> dict[str, list[str]]:
    """Pictures grouped by the rarest of their classes, so that each class is divided."""
    held = {p.file: {entry['category_id'] for entry in objects[p.file]} for p in pictures}
    counts = Counter(label for labels in held.values() for label in labels)
    groups = defaultdict(list)
    for file, labels in held.items():
        rarest = min(labels, key=lambda label: (counts[label], label), default='none')
        groups[str(rarest)].append(file)
    return groups
