"""Folders that appear complete or not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MANIFEST = 'manifest.json'


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
    if not (folder / MANIFEST).is_file():
        raise ValueError(
            f'{folder} is not empty and was not made by this tool. Nothing was changed: choose '
            'another --out, or empty it yourself.'
        )
    manifest = json.loads((folder / MANIFEST).read_text())
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
        settings (dict): Noted in its manifest, for :func:`is_complete`.

    Yields:
        Path: The temporary folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f'.{folder.name}-', dir=folder.parent))
    try:
        yield temporary
        manifest = dict(settings=settings, num_files=count_files(temporary))
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + '\n')
        temporary.chmod(0o755)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def count_files(folder: Path) -> int:
    """Number of files below a folder, the manifest left out."""
    return sum(len(files) for _, _, files in os.walk(folder)) - (folder / MANIFEST).is_file()
