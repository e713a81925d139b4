"""mmengine's ``resume``, restricted to known entries of known types and ranges."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Optional

from mmengine.hooks import CheckpointHook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import EpochBasedTrainLoop

from mmaddp.utils.wrappers import unwrap
from mmaddp.weights.latest import find_latest_checkpoint, is_continued
from mmaddp.weights.tensors import shapes
from mmaddp.weights.training_state import Training, checked_training

# Modules of mmengine.runner that import the search for the latest checkpoint.
_SEARCHING = ('checkpoint', 'runner', '_flexible_runner')
# The training that the checkpoint being read will be resumed in.
_resumed: ContextVar[Optional[Training]] = ContextVar('resumed', default=None)


def checked(checkpoint: dict) -> dict:
    """A checkpoint that was read, reduced to what is resumed if a Runner resumes from it.

    Raises:
        ValueError: It cannot be resumed.
    """
    training = _resumed.get()
    return checkpoint if training is None else checked_training(checkpoint, training)


def resumed_file() -> Optional[str]:
    """The checkpoint that a Runner is resuming from at this moment."""
    training = _resumed.get()
    return None if training is None else training.source


@contextmanager
def _resuming(training: Training) -> Iterator[None]:
    token = _resumed.set(training)
    try:
        yield
    finally:
        _resumed.reset(token)


def training_of(runner: Any, filename: str) -> Training:
    """Describe the training of a Runner that resumes from a file."""
    loop = runner.train_loop
    by_epoch = isinstance(loop, EpochBasedTrainLoop)
    wrapper = runner.optim_wrapper
    if isinstance(wrapper, OptimWrapperDict):
        optimizers = wrapper.optim_wrappers
    else:
        optimizers = {'': wrapper} if isinstance(wrapper, OptimWrapper) else {}
    schedulers = runner.param_schedulers
    if isinstance(schedulers, list):
        schedulers = {'': schedulers}
    if schedulers is not None:
        schedulers = {
            name: [scheduler.state_dict() for scheduler in part]
            for name, part in schedulers.items()
        }
    return Training(
        source=str(filename),
        shapes=shapes(unwrap(runner.model).state_dict()),
        length=loop.max_epochs if by_epoch else loop.max_iters,
        by_epoch=by_epoch,
        optimizers=optimizers,
        schedulers=schedulers,
        folder=str(Path(filename).parent) if is_continued(filename, own_folders(runner)) else None,
    )


def own_folders(runner: Any) -> list[str]:
    """Folders that the checkpoint hooks of a Runner write to."""
    name = os.path.basename(os.path.normpath(runner.work_dir))
    hooks = [hook for hook in runner.hooks if isinstance(hook, CheckpointHook)]
    others = [hook.out_dir for hook in hooks if hook.out_dir not in (None, runner.work_dir)]
    return [runner.work_dir, *(os.path.join(folder, name) for folder in others)]


def _checked_resume(resume: Callable) -> Callable:
    @functools.wraps(resume)
    def checked_resume(self, filename: str, *args, **kwargs) -> None:
        # As mmengine's own does after reading, if nobody has trained before.
        if not isinstance(self.optim_wrapper, OptimWrapper | OptimWrapperDict):
            self.optim_wrapper = self.build_optim_wrapper(self.optim_wrapper)
        if self.param_schedulers is not None:
            self.param_schedulers = self.build_param_scheduler(self.param_schedulers)
        with _resuming(training_of(self, filename)):
            resume(self, filename, *args, **kwargs)

    return checked_resume


def install() -> None:
    """Wrap ``Runner.resume`` in the check, and replace the search by ours."""
    # mmengine itself may still be being imported: its submodule is not yet an attribute of it.
    runner = sys.modules['mmengine.runner']
    runner.Runner.resume = _checked_resume(runner.Runner.resume)
    for name in ('mmengine.runner', *(f'mmengine.runner.{part}' for part in _SEARCHING)):
        sys.modules[name].find_latest_checkpoint = find_latest_checkpoint
