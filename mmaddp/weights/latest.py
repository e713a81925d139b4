"""Which checkpoint a training continues from."""

import itertools
import logging
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional, Union

from mmengine.logging import print_log

from mmaddp.utils.atomic import write_text
from mmaddp.utils.checkpoint_names import POINTER, STEP
from mmaddp.weights.plain_weights import plain_file
from mmaddp.weights.shards import TABLE, check_shards, shard_folder
from mmaddp.weights.untrusted import read_torch_file

# Names of another run's checkpoints that were in the folder when this run began, one per line.
EARLIER = 'earlier_checkpoints.txt'
_LONGEST_POINTER = 4096


def find_checkpoint(work_dir: Union[str, Path]) -> Optional[Path]:
    """Find the newest sound checkpoint of the training in a folder.

    It is the one named in ``last_checkpoint``, looked up in the folder itself if that was moved. If
    it is damaged or absent, it is the newest by name. Warnings say what was passed over.
    Checkpoints of other runs in the folder, listed in ``earlier_checkpoints.txt``, do not count.

    Args:
        work_dir (str | Path): Folder of the training.

    Returns:
        Path, optional: The checkpoint; None if the folder holds none.

    Raises:
        ValueError: There are checkpoints, but none is sound.
    """
    folder = Path(work_dir)
    damaged: list[str] = []
    for path in _candidates(folder):
        reason = _damage(path)
        if reason is None:
            for text in damaged:
                _warn(f'{text}\nThe training continues from {path} instead.')
            return path
        damaged.append(reason)
    if damaged:
        raise ValueError(
            f'No checkpoint in {folder} can be resumed:\n  ' + '\n  '.join(damaged) + '\nTo begin '
            'a new training, leave --resume out and give another --work-dir.'
        )
    return None


def find_latest_checkpoint(path: str) -> Optional[str]:
    """As mmengine's function of that name: the file name, or None with a message in the log."""
    found = find_checkpoint(path)
    if found is None:
        print_log(f'There is no checkpoint in {path} to resume from.', 'current')
    return None if found is None else str(found)


def newest_checkpoint(work_dir: Union[str, Path]) -> Optional[Path]:
    """The checkpoint that :func:`find_checkpoint` tries first, unread; None if there is none."""
    return next(_candidates(Path(work_dir)), None)


def is_continued(filename: Union[str, Path], folders: Sequence[Union[str, Path]]) -> bool:
    """Whether resuming from a file continues the run that writes into one of the folders."""
    path = Path(filename)
    own = {Path(folder).resolve() for folder in folders}
    return path.parent.resolve() in own and path.name not in earlier_checkpoints(path.parent)


def earlier_checkpoints(folder: Union[str, Path]) -> set[str]:
    """Names of the checkpoints in a folder that belong to another run."""
    path = Path(folder) / EARLIER
    return set(path.read_text(errors='replace').splitlines()) if path.is_file() else set()


def note_earlier_checkpoints(folder: Union[str, Path], names: set[str]) -> None:
    """Record which checkpoints in a folder belong to another run."""
    path = Path(folder) / EARLIER
    if names:
        write_text(path, ''.join(f'{name}\n' for name in sorted(names)))
    elif path.is_file():
        path.unlink()


def set_aside(path: Path) -> None:
    """Rename a checkpoint of another run and what is beside it, so that its name is free."""
    numbers = itertools.count(1)
    free = (path.with_name(f'{path.stem}.earlier-{number}{path.suffix}') for number in numbers)
    if path.exists():
        new = next(new for new in free if not new.exists())
        path.rename(new)
        for beside in (plain_file, shard_folder):
            if beside(path).exists():
                beside(path).rename(beside(new))


def _candidates(folder: Path) -> Iterator[Path]:
    """Checkpoints to try, the most likely first."""
    earlier = earlier_checkpoints(folder)
    pointed = _pointed(folder)
    if pointed is not None and not (pointed.parent == folder and pointed.name in earlier):
        yield pointed
    steps = [path for path in _steps(folder) if path.name not in earlier and path != pointed]
    if steps:
        # A folder may hold both kinds: first that of the pointer, else that of the newest file.
        newest = pointed or max(steps, key=lambda path: path.stat().st_mtime)
        kind = newest.name.partition('_')[0]
        yield from sorted(steps, key=lambda path: (path.name.startswith(kind), _step(path)))[::-1]


def _steps(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if STEP.fullmatch(path.name) and path.is_file()]


def _step(path: Path) -> int:
    return int(STEP.fullmatch(path.name)[2])


def _pointed(folder: Path) -> Optional[Path]:
    """The file that ``last_checkpoint`` names; None, with a warning, if there is no such file."""
    pointer = folder / POINTER
    if not pointer.exists():
        if _steps(folder):
            _warn(f'{pointer} is missing: the newest checkpoint is looked for by name.')
        return None
    text = ''
    if pointer.is_file():
        with pointer.open('rb') as file:
            text = file.read(_LONGEST_POINTER).decode(errors='replace').strip()
    if text and text.isprintable():
        # A folder that was moved still holds the file, whatever its former path.
        for path in (folder / Path(text).name, Path(text)):
            if os.path.isfile(path):  # Also False for names that no file can have.
                return path
    _warn(f'{pointer} names no checkpoint: the newest one is looked for by name.')
    return None


def _damage(path: Path) -> Optional[str]:
    """Why a checkpoint cannot be read; None if it is sound."""
    try:
        content = read_torch_file(path, 'cpu', on_disk=True)
        if isinstance(content, dict) and TABLE in content:
            check_shards(content[TABLE], path)
    except (OSError, ValueError) as error:
        return str(error)
    if not (isinstance(content, dict) and 'state_dict' in content):
        return f'{path} is not a training checkpoint.'
    del content
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
        if broken:
            return f'{path} is damaged: its part {broken} has another checksum.'
    return None


def _warn(text: str) -> None:
    print_log(text, 'current', logging.WARNING)
