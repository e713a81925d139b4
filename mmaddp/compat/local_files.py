"""mmengine's writer of local files, made atomic.

Checkpoints, dumped predictions and pictures of every host go through it.
"""

from pathlib import Path
from typing import Union

from mmengine.fileio import LocalBackend, register_backend

from mmaddp.utils.atomic import write_bytes


class AtomicLocalBackend(LocalBackend):
    """Writes local files that end up either complete or unchanged.

    Args:
        durable (bool): See :func:`mmaddp.utils.atomic.atomic_path`. Defaults to False.
    """

    def __init__(self, durable: bool = False) -> None:
        self.durable = durable

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write bytes to a file; its folder is created.

        Raises:
            OSError: The disk is full, for instance; an existing file is unchanged.
        """
        write_bytes(filepath, obj, self.durable)

    def put_text(self, obj: str, filepath: Union[str, Path], encoding: str = 'utf-8') -> None:
        """Write text to a file; see :meth:`put`."""
        write_bytes(filepath, obj.encode(encoding), self.durable)


def install() -> None:
    """Register :class:`AtomicLocalBackend` in the place of mmengine's backend."""
    register_backend('local', AtomicLocalBackend, force=True, prefixes='')
