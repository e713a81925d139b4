"""Skips and counts files that cannot be read."""

import logging
from typing import Optional

import torch
from mmengine.logging import print_log
from torch.utils.data import get_worker_info

MAX_WORKERS = 256


class SkipsBroken:
    """Mix-in of transforms that read files: an unreadable one ends the run, or is passed over.

    In training a host's data set draws another sample where a transform returns None.

    Args:
        skip_broken (bool): Whether to pass over unreadable files. Defaults to False.
    """

    def __init__(self, skip_broken: bool = False) -> None:
        self.skip_broken = skip_broken
        self._skipped = torch.zeros(MAX_WORKERS, dtype=torch.long)
        if skip_broken:  # one cell for each worker process, which the main process can read
            self._skipped.share_memory_()

    @property
    def num_skipped(self) -> int:
        """Unreadable files so far, in all worker processes."""
        return int(self._skipped.sum())

    def skip(self, error: Exception) -> Optional[dict]:
        """Count and log an unreadable file; raise the error if it must not be passed over."""
        if not self.skip_broken:
            raise error
        worker = get_worker_info()
        self._skipped[0 if worker is None else worker.id % MAX_WORKERS] += 1
        print_log(f'Skipped: {error}', logger='current', level=logging.WARNING)
        return None
