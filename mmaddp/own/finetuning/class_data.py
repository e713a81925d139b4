"""Pictures in class folders."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from mmaddp.own.finetuning.labelled import (
    SPLITS,
    Labelled,
    check_splits,
    count_lines,
    divide,
    told_apart,
)
from mmaddp.own.look import Picture, look


@dataclass(frozen=True)
class ClassData(Labelled):
    """Pictures whose folder is their class.

    Attributes:
        labels (dict[str, int]): File -> label.
    """

    labels: dict[str, int]

    def lists(self) -> dict[str, str]:
        """Lines of path and label, by split."""
        return {
            f'{split}.txt': ''.join(f'{p.file} {self.labels[p.file]}\n' for p in self.splits[split])
            for split in SPLITS
        }

    def baselines(self) -> dict[str, float]:
        """Accuracy on 'val' of always naming the class that is most frequent in 'train'."""
        counts = {
            split: Counter(self.labels[picture.file] for picture in self.splits[split])
            for split in SPLITS
        }
        label = counts['train'].most_common(1)[0][0]
        share = counts['val'][label] / self.number('val')
        return {'accuracy of always the most frequent class, %': 100 * share}


def look_at_classes(folder: Path, seed: int) -> ClassData:
    """Read class folders, or those in 'train' and 'val'.

    Args:
        folder (Path): The folder.
        seed (int): Of the division, where there is none.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: The pictures do not suffice, a picture has no class, or a class has too few.
    """
    found = look(folder)
    given = all((folder / split).is_dir() for split in SPLITS)
    places = {picture.file: _class_of(folder, picture, given) for picture in found.pictures}
    groups: dict[str, list[str]] = defaultdict(list)
    for file, (split, name) in places.items():
        if split != 'val':
            groups[name].append(file)
    classes = tuple(sorted(groups))
    _check(folder, groups, places)
    if given:
        splits: dict[str, list[Picture]] = {
            split: [p for p in found.pictures if places[p.file][0] == split] for split in SPLITS
        }
    else:
        splits = divide(found.pictures, groups, seed)
    check_splits(folder, splits)
    lines, flip = told_apart(found)
    counts = Counter(name for _, name in places.values())
    lines.append(count_lines(counts, classes, 'from the folders'))
    labels = {file: classes.index(name) for file, (_, name) in places.items()}
    return ClassData(folder, classes, splits, lines, flip, labels)


def _class_of(folder: Path, picture: Picture, given: bool) -> tuple[str, str]:
    """Split ('' where none is given) and class of a picture."""
    split, name, *rest = picture.file.split('/') if given else ('', *picture.file.split('/'))
    layout = 'train/CLASS/PICTURE and val/CLASS/PICTURE' if given else 'CLASS/PICTURE'
    if not rest or (given and split not in SPLITS):
        raise ValueError(
            f'{folder / picture.file} has no label: for --task classify, pictures lie as {layout}.'
        )
    return split, name


def _check(folder: Path, groups: dict, places: dict) -> None:
    if len(groups) < 2:
        raise ValueError(
            f'{folder} holds one class, {next(iter(groups), "none")}: there is nothing to tell '
            'apart. Give a folder for each class.'
        )
    for name, files in sorted(groups.items()):
        if len(files) < 2:
            raise ValueError(
                f'The class {name} has one picture that can be used for training, {files[0]}: give '
                'it more, or take its folder away.'
            )
    for file, (split, name) in places.items():
        if split == 'val' and name not in groups:
            raise ValueError(f'{folder / file}: there is no class {name} in {folder / "train"}.')
