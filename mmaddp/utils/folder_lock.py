"""One writer for a folder."""

import errno
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path
from typing import TextIO, Union

NAME = '.training_lock'

# A process loses its lock as soon as it closes the file anywhere, so each is opened once.
_held: dict[Path, TextIO] = {}
# Linux's struct flock: type, whence, start, length, process.
_FLOCK = '@hhqqi4x'


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


def is_locked(folder: Union[str, Path]) -> bool:
    """Whether a process holds the lock of a folder; asking changes nothing. Linux only.

    Args:
        folder (str | Path): The folder.

    Returns:
        bool: False too where it cannot be found out.
    """
    path = (Path(folder) / NAME).resolve()
    if path in _held:
        return True
    try:
        with path.open('rb') as file:
            if sys.platform != 'linux':
                return False
            wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            found = fcntl.fcntl(file, fcntl.F_GETLK, wanted)
    except OSError:
        return False
    return struct.unpack(_FLOCK, found)[0] != fcntl.F_UNLCK
