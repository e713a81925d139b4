"""Stop a distributed run in which one process hangs, and say which one."""

from pathlib import Path
from typing import Optional

from mmengine.dist import get_dist_info
from mmengine.hooks import Hook

from mmaddp.registry import HOOKS
from mmaddp.utils.rank_watch import RankWatch

FOLDER = '.ranks'


@HOOKS.register_module()
class RankWatchHook(Hook):
    """End a distributed training that is stuck because of one rank, and name that rank.

    Without it the others wait, for ten minutes with NCCL and thirty with gloo, and the error does
    not say for which rank. A run with a single process is left alone.

    Args:
        limit (float): Seconds without progress; below the ten minutes of NCCL. Defaults to 540.

    Raises:
        ValueError: ``limit`` is not positive.
    """

    priority = 'VERY_HIGH'

    def __init__(self, limit: float = 540) -> None:
        if not limit > 0:
            raise ValueError(f'limit must be positive, got {limit}.')
        self.limit = limit
        self._watch: Optional[RankWatch] = None

    def before_train(self, runner) -> None:
        """Begin to watch, if there are others."""
        rank, world_size = get_dist_info()
        if world_size > 1:
            folder = Path(runner.work_dir) / FOLDER
            self._watch = RankWatch(folder, rank, world_size, self.limit)
            self._watch.start()

    def after_train(self, runner) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.end()
            self._watch = None

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Note that a step begins."""
        self._note(runner, 'computes')

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Note that data are loaded next."""
        self._note(runner, 'saves, or reads data,')

    def before_val_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Note that validation progresses."""
        self._note(runner, 'validates')

    def _note(self, runner, what: str) -> None:
        if self._watch is not None:
            self._watch.note(runner.iter, what)
