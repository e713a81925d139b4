"""Files that are complete or absent."""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Union

# How the name of an unfinished file ends; it begins with a dot.
UNFINISHED = '.part'


@contextmanager
def atomic_path(path: Union[str, Path], durable: bool = False) -> Iterator[Path]:
    """Write a file under another name, and rename it when it is complete.

    If writing fails or is killed, what was at ``path`` before stays as it was.

    Args:
        path (str | Path): The file; its folder is made. A symbolic link is followed.
        durable (bool): Have the bytes on the disk before the rename, so that a crash of the
            machine leaves a whole file as well. It takes time. Defaults to False.

    Yields:
        Path: Where to write, in the same folder.

    Raises:
        OSError: Writing failed; the error names ``path``.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        yield path  # A pipe or a device, which no file may replace.
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f'.{path.name}.{uuid.uuid4().hex[:8]}{UNFINISHED}')
    try:
        unfinished.touch()
        mode = (path if path.exists() else unfinished).stat().st_mode
        yield unfinished
        os.chmod(unfinished, mode)
        if durable:
            _sync(unfinished)
        os.replace(unfinished, path)
        if durable:
            _sync(path.parent)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(unfinished)):
            raise
        raise OSError(error.errno, f'{error.strerror}; the file was not written', str(path)) from (
            error
        )
    finally:
        unfinished.unlink(missing_ok=True)


def write_bytes(path: Union[str, Path], content: bytes, durable: bool = False) -> None:
    """Write a file; see :func:`atomic_path`."""
    with atomic_path(path, durable) as unfinished:
        unfinished.write_bytes(content)


def write_text(path: Union[str, Path], content: str) -> None:
    """Write a text file in UTF-8; see :func:`atomic_path`."""
    write_bytes(path, content.encode())


def write_json(path: Union[str, Path], content: Any, indent: int = 2) -> None:
    """Write a JSON file; see :func:`atomic_path`."""
    write_text(path, json.dumps(content, indent=indent) + '\n')


def remove_unfinished(folder: Union[str, Path], name: str = '*') -> None:
    """Remove what killed writers left behind.

    Args:
        folder (str | Path): Where to look; it need not exist.
        name (str): Name of the files that were to be written, with wildcards. Defaults to all.
    """
    for unfinished in Path(folder).glob(f'.{name}.????????{UNFINISHED}'):
        unfinished.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
