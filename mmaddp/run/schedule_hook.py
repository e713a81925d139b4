"""Warns when a resumed training has another schedule than its configuration."""

from collections.abc import Iterator
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner


class ScheduleHook(Hook):
    """Warn if the schedules in a checkpoint end at another point than the configured ones.

    mmengine continues the schedules of the checkpoint: a training that is made longer stays at the
    last learning rate.
    """

    def before_run(self, runner: Runner) -> None:
        """Record where the configured schedules end."""
        self.configured = [scheduler.end for scheduler in _schedulers(runner.param_schedulers)]

    def before_train(self, runner: Runner) -> None:
        """Compare them with those that are there after resuming."""
        schedulers = list(_schedulers(runner.param_schedulers))
        for scheduler, configured in zip(schedulers, self.configured):
            if scheduler.end == configured:
                continue
            unit, there, here = 'iterations', scheduler.end, configured
            if scheduler.by_epoch:
                unit = 'epochs'
            elif isinstance(runner.train_loop, EpochBasedTrainLoop):
                length = len(runner.train_dataloader)
                unit, there, here = 'epochs', there / length, here / length
            runner.logger.warning(
                f'The checkpoint holds a {type(scheduler).__name__} that ends after {there:g} '
                f'{unit}; the configuration says {here:g}. The training continues with that of the '
                'checkpoint and keeps its last learning rate from there on. For a longer schedule '
                'begin a new training with load_from=CHECKPOINT in place of --resume; one that is '
                'to be interrupted is given its full length from the start (param_scheduler.end).'
            )


def _schedulers(node: Any) -> Iterator[Any]:
    """All schedulers of a run, also of several optimisers."""
    if isinstance(node, dict):
        node = node.values()
    elif not isinstance(node, (list, tuple)):
        node = [node]
    for part in node:
        if isinstance(part, (dict, list, tuple)):
            yield from _schedulers(part)
        elif hasattr(part, 'end'):
            yield part
