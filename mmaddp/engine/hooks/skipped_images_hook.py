"""Reports how many images could not be read."""

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook

from mmaddp.datasets.nesting import innermost_datasets
from mmaddp.registry import HOOKS


@HOOKS.register_module()
class SkippedImagesHook(Hook):
    """Log how many images ``skip_broken=True`` has skipped in training.

    This happens after each epoch and before each validation, since trainings that count iterations
    have a single epoch.
    """

    def __init__(self) -> None:
        self._reported = 0

    def after_train_epoch(self, runner) -> None:
        """Count over all workers and ranks."""
        self._report(runner)

    def before_val_epoch(self, runner) -> None:
        """The same."""
        if runner._train_loop is not None:
            self._report(runner)

    def _report(self, runner) -> None:
        loaders = [
            step
            for dataset in innermost_datasets(runner.train_dataloader.dataset)
            for step in getattr(getattr(dataset, 'pipeline', None), 'transforms', ())
            if getattr(step, 'skip_broken', False)
        ]
        if not loaders:
            return
        count = torch.tensor(sum(loader.num_skipped for loader in loaders))
        all_reduce(count)
        if int(count) > self._reported:
            runner.logger.warning(
                f'{int(count) - self._reported} unreadable images were skipped since the last '
                f'report, {int(count)} in all; their names are above.'
            )
            self._reported = int(count)
