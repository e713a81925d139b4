"""One writer for a folder."""

import errno
import fcntl
import os
import socket
from pathlib import Path
from typing import TextIO, Union

NAME = '.training_lock'

# A process loses its lock as soon as it closes the file anywhere, so each is opened once.
_held: dict[Path, TextIO] = {}


def lock_folder(folder: Union[str, Path]) -> None:
    """Keep other processes from writing into a folder until this one ends or releases it.

    The lock ends with the process, however it ends; the file that stays behind locks nothing.

    Args:
        folder (str | Path): The folder; it is created if need be.

    Raises:
        BlockingIOError: Another process holds the lock; the message says which.
    """
    path = (Path(folder) / NAME).resolve()
    if path in _held:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open('a+', encoding='utf-8')
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        holder = file.read(200).strip() or 'unknown process'
        file.close()
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            return  # A file system without locks.
        raise BlockingIOError(
            f'Another training writes into {folder}: {holder}. Give another --work-dir, or wait '
            'until it has ended.'
        ) from error
    file.truncate(0)
    file.write(f'process {os.getpid()} on {socket.gethostname()}\n')
    file.flush()
    _held[path] = file


def release_folder(folder: Union[str, Path]) -> None:
    """Let other processes write into a folder again."""
    file = _held.pop((Path(folder) / NAME).resolve(), None)
    if file is not None:
        file.close()
