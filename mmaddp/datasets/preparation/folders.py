"""Folders that appear complete or not at all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmaddp.utils import own_folders

MANIFEST = 'manifest.json'
MAKER = 'prepare_digits'


def is_complete(folder: Path, settings: dict) -> bool:
    """Whether a folder already holds what these settings make.

    Args:
        folder (Path): The folder.
        settings (dict): What its content depends on, JSON-compatible.

    Returns:
        bool: True if it is complete, False if it is absent or empty.

    Raises:
        ValueError: It holds something else, was made with other settings, or lacks files.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f'{folder} is not a folder. Choose another --out.')
    if not folder.exists() or not any(folder.iterdir()):
        return False
    manifest = _read_manifest(folder)
    if manifest['settings'] != settings:
        raise ValueError(
            f'{folder} was made with other settings: {manifest["settings"]}, asked for {settings}. '
            'Nothing was changed: choose another --out, or delete it.'
        )
    num_files = count_files(folder)
    if num_files != manifest['num_files']:
        raise ValueError(
            f'{folder} has {num_files} files where {manifest["num_files"]} were made. '
            'Nothing was changed: delete it and make it again.'
        )
    return True


@contextmanager
def new_folder(folder: Path, settings: dict) -> Iterator[Path]:
    """Fill a folder in a temporary place beside it, and rename it when all went well.

    Args:
        folder (Path): The folder to be; absent or empty.
        settings (dict): Recorded in its manifest, for :func:`is_complete`.

    Yields:
        Path: The temporary folder.

    Raises:
        OSError: Writing failed; the error names a file or the folder.
    """
    with own_folders.new_folder(folder, MAKER) as unfinished:
        yield unfinished
        manifest = dict(settings=settings, num_files=count_files(unfinished))
        (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + '\n')


def count_files(folder: Path) -> int:
    """Number of files below a folder, without manifest and mark."""
    own = sum((folder / name).is_file() for name in (MANIFEST, own_folders.MARK))
    return sum(len(files) for _, _, files in os.walk(folder)) - own


def _read_manifest(folder: Path) -> dict:
    """Manifest of a folder that holds something.

    Raises:
        ValueError: There is none, or it was not written by :func:`new_folder`.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except (FileNotFoundError, IsADirectoryError, ValueError):
        manifest = None
    if not isinstance(manifest, dict) or not {'settings', 'num_files'} <= manifest.keys():
        raise ValueError(
            f'{folder} is not empty and was not made by this tool: it has no {MANIFEST} of its '
            'making. Nothing was changed: choose another --out, or empty it yourself.'
        )
    return manifest
