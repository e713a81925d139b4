"""Folders that a tool makes and marks as its own; what carries no mark is never deleted."""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Optional

# Lies in every folder made by a tool and names the tool; locked while the folder is in use.
MARK = '.made-by-mmaddp'
UNFINISHED = '.unfinished'
# Errors of a full disk.
FULL = (errno.ENOSPC, errno.EDQUOT)


def is_own(folder: Path, maker: str) -> bool:
    """Whether a folder carries the mark of a tool; a link to one does not count."""
    mark = folder / MARK
    return not folder.is_symlink() and mark.is_file() and mark.read_text().strip() == maker


def check_own(folder: Path, maker: str) -> None:
    """Pass over a folder that a tool may fill or delete: absent, empty, or with its mark.

    Raises:
        FileExistsError: It is a file or a link, or holds something the tool did not make.
    """
    is_free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    if folder.is_symlink() or not (is_free or is_own(folder, maker)):
        raise FileExistsError(
            f'{folder} is there already and was not made by {maker}. Nothing was changed: choose '
            'another folder, or move this one away.'
        )


def claim_folder(folder: Path, maker: str) -> None:
    """Make a folder with the mark of a tool, unless such a folder exists.

    Raises:
        FileExistsError: See :func:`check_own`.
    """
    check_own(folder, maker)
    if not is_own(folder, maker):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).write_text(f'{maker}\n')


def remove_folder(folder: Path, maker: str) -> None:
    """Delete a folder of a tool, if it is there.

    Raises:
        FileExistsError: See :func:`check_own`.
    """
    check_own(folder, maker)
    if folder.exists():
        shutil.rmtree(folder)


@contextmanager
def hold_folder(folder: Path, maker: str) -> Iterator[None]:
    """Claim a folder for this process; the claim ends with the process, even if it is killed.

    Raises:
        FileExistsError: See :func:`check_own`.
        BlockingIOError: Another process holds it.
    """
    claim_folder(folder, maker)
    with (folder / MARK).open() as mark:
        if not _lock(mark):
            raise BlockingIOError(f'{folder} is in use by another run of {maker}.')
        yield


def is_held(folder: Path) -> bool:
    """Whether a process holds a folder by :func:`hold_folder`."""
    try:
        with (folder / MARK).open() as mark:
            fcntl.flock(mark, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


@contextmanager
def new_folder(folder: Path, maker: str) -> Iterator[Path]:
    """Fill a folder in a temporary place beside it, and rename it when all went well.

    Leftovers of earlier attempts that were killed are deleted first.

    Args:
        folder (Path): The folder to be; absent or empty.
        maker (str): Tool whose mark the temporary folder carries.

    Yields:
        Path: The temporary folder.

    Raises:
        FileExistsError: The folder is a file, a link, or holds something.
        OSError: Writing failed; the error names a file or the folder.
    """
    check_own(folder, maker)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_unfinished(folder, maker)
    unfinished = Path(
        tempfile.mkdtemp(prefix=f'.{folder.name}-', suffix=UNFINISHED, dir=folder.parent)
    )
    mark: Optional[IO] = None
    try:
        # Locked before it gets its name, so that no other process takes it for a leftover.
        mark = (unfinished / f'{MARK}.new').open('w')
        mark.write(f'{maker}\n')
        mark.flush()
        _lock(mark)
        os.rename(mark.name, unfinished / MARK)
        yield unfinished
        unfinished.chmod(0o755)
        os.replace(unfinished, folder)
        (folder / MARK).unlink()
    except OSError as error:
        raise _with_name(error, folder) from error
    finally:
        if mark is not None:
            mark.close()
        shutil.rmtree(unfinished, ignore_errors=True)


def _remove_unfinished(folder: Path, maker: str) -> None:
    """Delete what killed calls of :func:`new_folder` have left behind."""
    for unfinished in folder.parent.glob(f'.{folder.name}-*{UNFINISHED}'):
        if is_own(unfinished, maker):
            with (unfinished / MARK).open() as mark:
                if _lock(mark):
                    shutil.rmtree(unfinished)


def _lock(mark: IO) -> bool:
    """Lock an open file for as long as it is open; False if another process has done so."""
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _with_name(error: OSError, folder: Path) -> OSError:
    """The error, with the folder's name if it names no file, and the free space if that is gone."""
    if error.errno is None or (error.filename is not None and error.errno not in FULL):
        return error
    reason = error.strerror
    if error.errno in FULL:
        reason += f' ({shutil.disk_usage(folder.parent).free / 1e6:.0f} MB are free)'
    return OSError(error.errno, f'{reason}; the folder was not made', str(folder))
