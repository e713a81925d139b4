"""Names of output files, all of them known and checked before the first is written."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Union


def distinct_names(
    paths: Sequence[Union[str, Path]], separator: str = '_', whole: bool = False
) -> list[str]:
    """The shortest names that tell paths apart.

    A name is that of the file without its suffix (``img``); where this is not enough, with its
    suffix (``img.jpg``), then behind the names of as many folders as are needed (``x_img.jpg``).
    Names that still clash, such as that of a path given twice, get a number (``img_2``).
    Capital letters do not tell names apart, because some file systems see no difference.

    Args:
        paths (Sequence[str | Path]): The paths.
        separator (str): Put between the names of folders. Defaults to '_'.
        whole (bool): Begin with the whole name, suffix included, as for folders.
            Defaults to False.

    Returns:
        list[str]: A name for each path, all of them different.
    """
    choices = [_choices(Path(path), separator, whole) for path in paths]
    levels = [0] * len(choices)
    while True:
        names = [names[level] for names, level in zip(choices, levels)]
        counts = Counter(name.casefold() for name in names)
        longer = [
            i
            for i, name in enumerate(names)
            if counts[name.casefold()] > 1 and levels[i] + 1 < len(choices[i])
        ]
        if not longer:
            return _numbered(names)
        for i in longer:
            levels[i] += 1


def refuse_overwriting(
    outputs: Iterable[Union[str, Path]],
    inputs: Iterable[Union[str, Path]],
    option: str,
    beside: bool = False,
) -> None:
    """Stop before an output replaces an input or lands among the inputs.

    Args:
        outputs (Iterable[str | Path]): Files that are to be written.
        inputs (Iterable[str | Path]): Files and folders that are read.
        option (str): Option that says where the outputs go, for the message.
        beside (bool): Whether outputs may lie beside a file that is read. Defaults to False.

    Raises:
        ValueError: An output is an input, lies in a folder that is read, or lies beside a file
            that is read.
    """
    read = {os.path.realpath(path) for path in inputs}
    files = () if beside else (path for path in read if not os.path.isdir(path))
    around = {os.path.dirname(path) for path in files}
    for output in outputs:
        written = Path(os.path.realpath(output))
        within = {str(written), *map(str, written.parents)} & read
        if within or str(written.parent) in around:
            raise ValueError(
                f'{output} would be written among the files that are read: choose another place '
                f'for {option}.'
            )


def _choices(path: Path, separator: str, whole: bool) -> list[str]:
    """Names of a path, from the shortest to the longest."""
    parts = [part for part in path.absolute().parts if part != path.absolute().anchor]
    parts = parts or ['root']
    names = [separator.join(parts[-number:]) for number in range(1, len(parts) + 1)]
    return names if whole else [Path(parts[-1]).stem, *names]


def _numbered(names: Sequence[str]) -> list[str]:
    """The names, with a number behind each that was there before."""
    taken = {name.casefold() for name in names}
    seen, result = set(), []
    for name in names:
        number, unique = 1, name
        while unique.casefold() in seen or (number > 1 and unique.casefold() in taken):
            number += 1
            unique = f'{name}_{number}'
        seen.add(unique.casefold())
        result.append(unique)
    return result
