"""Room on a disk, asked for before long work."""

import errno
import shutil
from pathlib import Path
from typing import Union


def need_space(folder: Union[str, Path], needed: int) -> None:
    """Raise if a disk cannot hold what is to be written.

    Args:
        folder (str | Path): Where it is to be written; it exists.
        needed (int): Bytes.

    Raises:
        OSError: There is less room.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(
            errno.ENOSPC,
            f'{needed / 1e6:,.0f} MB are needed, {free / 1e6:,.0f} MB are free; nothing was begun',
            str(folder),
        )
