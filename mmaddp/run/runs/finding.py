"""All runs below a folder."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmaddp.run.runs.folders import MANIFEST, is_generation, maker_of, read_chain, read_generation
from mmaddp.run.runs.record import Record
from mmaddp.run.runs.trainings import START, is_training, read_training
from mmaddp.utils.own_folders import MARK

# Of a chain: what holds no run.
_OTHERS = ('configs', 'data', 'logs', 'report', 'stages', 'tokens')


@dataclass
class Found:
    """What a folder holds.

    Attributes:
        runs (list[Record]): In the order of their names.
        damaged (list[str]): A message for each file that could not be read, without repetition.
    """

    runs: list[Record] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    def name_damaged(self, message: str) -> None:
        """Add a message."""
        if message not in self.damaged:
            self.damaged.append(message)


def find_runs(folder: Path) -> Found:
    """Find trainings, chains and generations, at any depth; hidden folders and links are left out.

    Args:
        folder (Path): Where to look; it may be a run itself.

    Raises:
        ValueError: There is no such folder.
    """
    if not folder.is_dir():
        raise ValueError(f'There is no folder {folder}.')
    found = Found()

    def unreadable(error: OSError) -> None:
        found.name_damaged(f'{error.filename}: {error.strerror}')

    for place, subfolders, files in os.walk(folder, onerror=unreadable):
        here = Path(place)
        name = str(here.relative_to(folder)) if here != folder else here.resolve().name
        subfolders[:] = sorted(one for one in subfolders if not one.startswith('.'))
        try:
            _read(here, name, subfolders, files, found)
        except OSError as error:  # what is deleted while it is read
            unreadable(error)
    found.runs.sort(key=lambda run: run.name)
    for run in found.runs:
        _take_from_parts(run, found.runs)
    return found


def _take_from_parts(run: Record, runs: Sequence[Record]) -> None:
    """Give a chain the start and the versions of its first training."""
    parts = [part for part in runs if run.folder in part.folder.parents and part.started]
    if parts and run.started is None:
        first = min(parts, key=lambda part: str(part.started))
        run.started, run.versions = first.started, first.versions


def _read(here: Path, name: str, subfolders: list[str], files: list[str], found: Found) -> None:
    """Read a folder, and take out of ``subfolders`` what need not be looked at."""
    if MARK in files and maker_of(here):
        found.runs.append(read_chain(here, name, found.name_damaged))
        subfolders[:] = [one for one in subfolders if one not in _OTHERS]
    if MANIFEST in files and is_generation(here, found.name_damaged):
        found.runs.append(read_generation(here, name, found.name_damaged))
        subfolders.clear()
    if is_training(here, subfolders):
        found.runs.append(read_training(here, name, found.name_damaged))
        subfolders[:] = [one for one in subfolders if not START.fullmatch(one)]
