"""Files that are complete or absent."""

import errno
import json
import os
import re
import shutil
import socket
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional, Union

# Ending of the name of an unfinished file, which begins with a dot.
UNFINISHED = '.part'
# Name of the final file, random digits, machine and process of the writer.
_TEMPORARY = '.{name}.{digits}-{machine}-{process}' + UNFINISHED
_WRITER = re.compile(r'\..+\.[0-9a-f]{8}-([0-9a-f]{8})-(\d+)' + re.escape(UNFINISHED))
# How safetensors and torch report a failed write; torch does not say why.
_FAILED_WRITE = re.compile(r'os error (\d+)|PytorchStreamWriter|inline_container')
_tidied: set[Path] = set()


@contextmanager
def atomic_path(path: Union[str, Path], durable: bool = False) -> Iterator[Path]:
    """Write a file under another name, and rename it when it is complete.

    If writing fails or is killed, whatever was at ``path`` before is left untouched. Leftovers of
    killed writers in the folder are removed, once per process.

    Args:
        path (str | Path): The file; its folder is made. A symbolic link is followed.
        durable (bool): Flush the bytes to the disk before the rename, so that the file is also
            complete after a crash of the machine. This is slower. Defaults to False.

    Yields:
        Path: Where to write, in the same folder.

    Raises:
        OSError: Writing failed, whatever the writer raised; the error names ``path`` and, if
            the disk is full, the free space.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        yield path  # A pipe or a device, which must not be replaced by a file.
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _tidy(path.parent)
    unfinished = path.with_name(
        _TEMPORARY.format(
            name=path.name, digits=uuid.uuid4().hex[:8], machine=_machine(), process=os.getpid()
        )
    )
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
    except Exception as error:
        failure = _failed_write(error, path, unfinished)
        if failure is None:
            raise
        raise failure from error
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
        name (str): Name of the files that were to be written, with wildcards. Defaults to
            '*', all.
    """
    for unfinished in Path(folder).glob(f'.{name}.????????*{UNFINISHED}'):
        unfinished.unlink(missing_ok=True)


def _tidy(folder: Path) -> None:
    """Remove what killed writers of this machine left in a folder."""
    if folder in _tidied:
        return
    _tidied.add(folder)
    for unfinished in folder.glob(f'.*{UNFINISHED}'):
        writer = _WRITER.fullmatch(unfinished.name)
        if writer and writer[1] == _machine() and not _is_running(int(writer[2])):
            unfinished.unlink(missing_ok=True)


@lru_cache(maxsize=1)
def _machine() -> str:
    """Where a process id is meaningful: this machine, and this container on it."""
    name = socket.gethostname()
    if os.path.islink('/proc/self/ns/pid'):
        name += os.readlink('/proc/self/ns/pid')
    return f'{zlib.crc32(name.encode()):08x}'


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _failed_write(error: Exception, path: Path, unfinished: Path) -> Optional[OSError]:
    """The error of a disk that could not hold a file; None for any other error."""
    if isinstance(error, OSError):
        if error.errno is None or error.filename not in (None, str(unfinished)):
            return None
        number = error.errno
    else:
        said = _FAILED_WRITE.search(str(error))
        if not said:
            return None
        number = int(said[1]) if said[1] else errno.ENOSPC
    reason = os.strerror(number)
    if number in (errno.ENOSPC, errno.EDQUOT):
        reason += f' ({shutil.disk_usage(path.parent).free / 1e6:.0f} MB are free)'
    return OSError(number, f'{reason}; the file was not written', str(path))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
