"""When a training does what, for a process that watches it."""

import time
from pathlib import Path
from typing import Any, Optional, Union

from mmengine.dist import master_only
from mmengine.hooks import Hook

from mmaddp.registry import HOOKS


@HOOKS.register_module()
class MomentsHook(Hook):
    """Writes down the beginning of training, steps, validation batches and checkpoints.

    A line holds the seconds since 1970, what begins (``training``, ``step``, ``validation`` or
    ``checkpoint``) and the number of iterations done. It is in the file before the training goes
    on, so it survives a kill.

    Args:
        file (str | Path): Where lines are added.
    """

    priority = 'VERY_HIGH'

    def __init__(self, file: Union[str, Path]) -> None:
        self.file = Path(file)

    def before_train(self, runner) -> None:
        """Note that training begins or continues."""
        self._note(runner, 'training')

    def before_train_iter(self, runner, batch_idx: int, data_batch: Any = None) -> None:
        """Note that a step begins."""
        self._note(runner, 'step')

    def before_val_iter(self, runner, batch_idx: int, data_batch: Any = None) -> None:
        """Note that a batch is validated."""
        self._note(runner, 'validation')

    def before_save_checkpoint(self, runner, checkpoint: Optional[dict]) -> None:
        """Note that a checkpoint is about to be written."""
        self._note(runner, 'checkpoint')

    @master_only
    def _note(self, runner, what: str) -> None:
        with self.file.open('a') as file:
            file.write(f'{time.time():.6f} {what} {runner.iter}\n')
