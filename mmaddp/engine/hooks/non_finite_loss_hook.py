"""Stop a run whose loss is not finite, before it damages what is on disk."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import torch
from mmengine.dist import all_reduce, get_rank
from mmengine.hooks import CheckpointHook, Hook

from mmaddp.registry import HOOKS
from mmaddp.utils.atomic import write_json
from mmaddp.utils.sharded_tensors import local_part

ENDING = 'No checkpoint was saved since; resume from the last one with --resume.'


class _Step(NamedTuple):
    iteration: int
    losses: dict
    files: list[str]
    finite: torch.Tensor


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Stop when a loss or a weight is NaN or infinite, and report in which batch it began.

    Whether a loss is finite is noted on the device and checked every ``interval`` iterations and
    before each checkpoint, so that no step waits for it and no checkpoint follows a bad loss. All
    ranks stop together. Each rank that met a bad loss leaves
    ``non_finite_loss_iter{i}_rank{r}.json`` in the work directory: iteration, losses, and the
    files of the batch. A non-finite gradient of a finite loss is left to the loss scaler.

    Where a loss scaler is at work, in mixed precision, it also skips the step of a loss that is
    not finite, so that the weights stay sound: the run warns and continues, as the official one
    does, and stops after ``max_skipped`` such iterations in a row.

    Args:
        interval (int): Iterations between two checks. Defaults to 50.
        max_skipped (int): Non-finite losses in a row at which a run with a loss scaler stops.
            Defaults to 10.

    Raises:
        ValueError: A number is below 1.

    Attributes:
        num_skipped (int): Iterations without a step so far, not counting those before a resume.
    """

    priority = 'HIGH'

    def __init__(self, interval: int = 50, max_skipped: int = 10) -> None:
        for name, value in dict(interval=interval, max_skipped=max_skipped).items():
            if value < 1:
                raise ValueError(f'{name} must be at least 1, got {value}.')
        self.interval = interval
        self.max_skipped = max_skipped
        self.num_skipped = 0
        self._in_a_row = 0
        self._steps: deque[_Step] = deque()

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: Optional[dict] = None
    ) -> None:
        """Note the step; check the notes when it is time."""
        losses = {key: value for key, value in (outputs or {}).items() if 'loss' in key}
        if losses:
            scalars = [torch.as_tensor(value).detach().float() for value in losses.values()]
            finite = torch.stack([scalar.isfinite().all() for scalar in scalars]).all()
            files = batch_files(data_batch)
            self._steps.append(_Step(runner.iter + 1, dict(zip(losses, scalars)), files, finite))
        if self.every_n_train_iters(runner, self.interval) or _checkpoint_is_due(runner):
            self.check(runner)

    def after_train_epoch(self, runner) -> None:
        """Check before the epoch's checkpoint."""
        self.check(runner)

    def before_val(self, runner) -> None:
        """Check before a best checkpoint may be saved."""
        self.check(runner)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Refuse to save weights that are not finite (only the saving rank gets here)."""
        bad = [
            key
            for key, value in checkpoint['state_dict'].items()
            if value.is_floating_point() and not value.isfinite().all()
        ]
        if bad:
            raise FloatingPointError(
                f'The weights {", ".join(bad[:5])} are not finite; the checkpoint is not saved.'
            )

    def check(self, runner) -> None:
        """Stop all ranks if any of them met too many bad losses, or if the weights are bad."""
        steps, self._steps = list(self._steps), deque()
        if not steps:
            return
        own = torch.stack([~step.finite for step in steps])
        weights = _all_finite(runner.model, own.device)
        flags = torch.cat([own, ~weights[None]]).int()
        all_reduce(flags, op='max')
        *bad, bad_weights = flags.bool().tolist()
        if not any(bad) and not bad_weights:
            self._in_a_row = 0
            return
        first = steps[int(own.int().argmax())] if own.any() else None
        in_a_row = self._count(bad)
        allowed = self.max_skipped if has_loss_scaler(runner.optim_wrapper) else 1
        text = self._report(runner, first, steps[-1])
        if bad_weights or in_a_row >= allowed:
            raise FloatingPointError(f'{text} {ENDING}')
        runner.logger.warning(
            f'{text} The loss scaler skips such steps: {sum(bad)} of the last {len(bad)}, '
            f'{self.num_skipped} since this run began. It stops at {allowed} in a row.'
        )

    def _count(self, bad: Sequence[bool]) -> int:
        """Count bad steps; return the longest run of them, earlier checks included."""
        self.num_skipped += sum(bad)
        longest = 0
        for is_bad in bad:
            self._in_a_row = self._in_a_row + 1 if is_bad else 0
            longest = max(longest, self._in_a_row)
        return longest

    def _report(self, runner, first: Optional[_Step], last: _Step) -> str:
        if first is None:
            return (
                f'A loss on another rank, or a weight, was not finite by iteration '
                f'{last.iteration}.'
            )
        path = Path(runner.work_dir) / (
            f'non_finite_loss_iter{first.iteration}_rank{get_rank()}.json'
        )
        _write_report(path, runner.epoch + 1, first)
        values = ', '.join(f'{key}={float(value):g}' for key, value in first.losses.items())
        return (
            f'The loss of iteration {first.iteration} is not finite ({values}). The files of its '
            f'batch are in {path}.'
        )


def has_loss_scaler(optim_wrapper) -> bool:
    """Whether every step of a run goes through a loss scaler that skips non-finite gradients."""
    wrappers = getattr(optim_wrapper, 'optim_wrappers', {'': optim_wrapper}).values()
    scalers = [getattr(wrapper, 'loss_scaler', None) for wrapper in wrappers]
    return all(scaler is not None and scaler.is_enabled() for scaler in scalers)


def batch_files(data_batch) -> list[str]:
    """Names of a batch's samples: image paths, or whatever else identifies a sample."""
    samples = data_batch.get('data_samples') if isinstance(data_batch, dict) else None
    return [_sample_name(sample) for sample in samples or []]


def _sample_name(sample) -> str:
    metainfo = getattr(sample, 'metainfo', {})
    for key in ('img_path', 'sample_idx'):
        if key in metainfo:
            return str(metainfo[key])
    return 'unknown'


def _checkpoint_is_due(runner) -> bool:
    """Whether a hook that counts iterations saves after this one; it deletes before it saves."""
    return any(
        isinstance(hook, CheckpointHook)
        and not hook.by_epoch
        and (
            hook.every_n_train_iters(runner, hook.interval, hook.save_begin)
            or hook.is_last_train_iter(runner)
        )
        for hook in runner.hooks
    )


def _all_finite(model: torch.nn.Module, device: torch.device) -> torch.Tensor:
    trained = (p.detach() for p in model.parameters() if p.requires_grad)
    flags = [local_part(p).isfinite().all() for p in trained]
    return torch.stack(flags).all().to(device) if flags else torch.ones((), device=device) > 0


def _write_report(path: Path, epoch: int, step: _Step) -> None:
    report = dict(
        iteration=step.iteration,
        epoch=epoch,
        losses={key: repr(float(value)) for key, value in step.losses.items()},
        files=step.files,
    )
    write_json(path, report)
