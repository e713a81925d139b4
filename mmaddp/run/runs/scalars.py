"""What trainings have logged."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Optional

SCALARS = '*/vis_data/scalars.json'


def logged_scalars(
    work_dir: Path, damaged: Optional[Callable[[str], Any]] = None
) -> Iterator[dict[str, Any]]:
    """What a training logged, line by line, in all its starts.

    A line that a killed process has left unfinished is passed over: the next start logs it again.

    Args:
        work_dir (Path): Folder of the training.
        damaged (Callable, optional): Called with a message for each file that holds other lines
            that cannot be read. Defaults to None: they raise ``ValueError``.
    """
    for file in sorted(work_dir.glob(SCALARS)):
        wrong = []
        for number, line in enumerate(_lines(file, damaged), 1):
            try:
                entry = json.loads(line)
                if not isinstance(entry, dict):
                    raise ValueError(f'{entry!r} is no entry')
                yield entry
            except ValueError as error:
                if damaged is None:
                    raise
                wrong.append(f'{number} ({error})')
        if wrong:
            rest = f', and {len(wrong) - 1} more' if len(wrong) > 1 else ''
            damaged(f'{file}: line {wrong[0]} is damaged{rest}; it is left out')


def _lines(file: Path, damaged: Optional[Callable[[str], Any]]) -> list[bytes]:
    try:
        return file.read_bytes().split(b'\n')[:-1]
    except OSError as error:
        if damaged is None:
            raise
        damaged(f'{file}: {error.strerror}')
        return []


def last_scalars(work_dir: Path) -> dict[str, Any]:
    """The last value of every scalar that a training logged, in all its starts."""
    scalars: dict = {}
    for entry in logged_scalars(work_dir):
        scalars.update(entry)
    return scalars


def scalar(
    work_dir: Path, name: str, damaged: Optional[Callable[[str], Any]] = None
) -> tuple[list[float], list[float]]:
    """Steps and values of a scalar that a training logged, in all its starts."""
    values = {
        entry['step']: entry[name]
        for entry in logged_scalars(work_dir, damaged)
        if is_number(entry.get(name)) and is_number(entry.get('step'))
    }
    steps = sorted(values)
    return steps, [values[step] for step in steps]


def is_count(value: Any) -> bool:
    """Whether a value is an int that is not negative."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_number(value: Any) -> bool:
    """Whether a value is an int or a float."""
    return isinstance(value, int | float) and not isinstance(value, bool)
