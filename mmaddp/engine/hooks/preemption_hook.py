"""Save and end when somebody is about to take the machine away."""

from typing import Optional

import torch
from mmengine.dist import all_reduce, barrier, get_comm_device, get_default_group, is_distributed
from mmengine.hooks import EMAHook, Hook

from mmaddp.engine.shared_flag import SharedFlag
from mmaddp.registry import HOOKS
from mmaddp.utils.stop_request import StopRequest
from mmaddp.utils.worker_signals import shield_workers

from .checkpoint_hook import CheckpointHook
from .non_finite_loss_hook import NonFiniteLossHook

# A temporary failure that invites to try again, as sysexits.h has it.
PREEMPTED = 75


@HOOKS.register_module()
class PreemptionHook(Hook):
    """On SIGTERM or SIGUSR1, finish the step, save a checkpoint and exit with status 75.

    The signal may reach all ranks or a single one: they stop behind the same step, which is the
    next but one at the latest; gradients that wait for further batches are in the checkpoint. A
    validation is broken off, and repeated when the run is resumed. Where no checkpoints are saved,
    the run ends all the same.

    Launchers also send SIGTERM when another rank has died. A step that does not end within
    ``patience`` seconds of the signal is taken for that, and the process ends without saving.

    Args:
        patience (float): Seconds. Defaults to 20.

    Raises:
        ValueError: ``patience`` is not positive.
    """

    # Behind everything that belongs to a step.
    priority = 'LOWEST'

    def __init__(self, patience: float = 20) -> None:
        if not patience > 0:
            raise ValueError(f'patience must be positive, got {patience}.')
        self._request = StopRequest(patience)
        self._flag = SharedFlag()
        self._agreed = False
        self._val_iters = 0

    def before_train(self, runner) -> None:
        """Begin to note signals."""
        for loop in (runner.train_loop, runner.val_loop):
            if loop is not None:
                shield_workers(loop.dataloader)
        self._request.start()

    def after_train(self, runner) -> None:
        """Handle signals as before."""
        self._flag.finish()
        self._request.end()

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Note that a step begins."""
        self._request.begin()

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: Optional[dict] = None
    ) -> None:
        """Stop if any rank was asked to."""
        self._agreed |= self._flag.exchange(self._request.received is not None)
        self._request.leave()
        if self._agreed:
            self._stop(runner, runner.iter + 1)

    def before_val(self, runner) -> None:
        """Find out how many batches every rank validates."""
        loader = runner.val_dataloader
        self._val_iters = _least(len(loader) if hasattr(loader.dataset, '__len__') else 0)

    def after_val_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: Optional[list] = None
    ) -> None:
        """Stop if any rank was asked to."""
        if batch_idx >= self._val_iters:
            return
        self._agreed |= self._flag.exchange(self._request.received is not None)
        if self._agreed and hasattr(runner.train_loop, 'validation_broken_off'):
            for hook in runner.hooks:
                if isinstance(hook, EMAHook):  # puts the trained weights back
                    hook.after_val_epoch(runner)
            runner.train_loop.validation_broken_off()
            self._stop(runner, runner.iter)

    def _stop(self, runner, iteration: int) -> None:
        """Save, and end this process; the others do the same."""
        self._request.ignore()
        self._flag.finish()
        for hook in runner.hooks:
            if isinstance(hook, NonFiniteLossHook):
                hook.check(runner)
        saved = [
            hook.save_now(runner, iteration)
            for hook in runner.hooks
            if isinstance(hook, CheckpointHook)
        ]
        barrier()  # an exit of one rank may end the others
        where = f'Saved as {saved[0]}: ' if saved else 'This run saves no checkpoints; '
        runner.logger.warning(
            f'{self._request.received or "A signal to another rank"} stops this run behind '
            f'iteration {iteration}. {where}the same command with --resume continues.'
        )
        raise SystemExit(PREEMPTED)


def _least(number: int) -> int:
    """The least of a number over all ranks."""
    if not is_distributed():
        return number
    least = torch.tensor([-number], device=get_comm_device(get_default_group()))
    all_reduce(least, op='max')
    return -int(least.item())
