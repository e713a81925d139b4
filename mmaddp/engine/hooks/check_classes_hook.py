"""Data sets, heads and checkpoint must have the same classes."""

from collections.abc import Iterator
from typing import Optional

from mmengine.hooks import Hook

from mmaddp.datasets.checks.classes import (
    ClassList,
    check_number,
    check_same,
    checkpoint_classes,
    dataset_classes,
    head_classes,
)
from mmaddp.datasets.checks.metrics import check_metrics
from mmaddp.datasets.nesting import innermost_datasets
from mmaddp.registry import HOOKS
from mmaddp.utils.wrappers import unwrap


@HOOKS.register_module()
class CheckClassesHook(Hook):
    """Stop before the first batch if classes differ anywhere, in number or in name.

    - Each data set has as many classes as the heads of the model.
    - All data sets of a run, those of a ``ConcatDataset`` and the voting images of a
      nearest-neighbour test included, have the same classes in the same order. Training looks at
      the validation set and its metrics before it starts.
    - A test set has the classes that the checkpoint was trained with, and so has the training set
      of a run that is resumed. A new training may start from weights of other classes.

    A model without an output per class, such as one that is pre-trained, is left alone.
    """

    def __init__(self) -> None:
        self._trained: Optional[ClassList] = None

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keep the classes of the checkpoint."""
        self._trained = checkpoint_classes(checkpoint, f'the checkpoint {runner._load_from or ""}')

    def before_train(self, runner) -> None:
        """Check training and validation set."""
        if not runner._resume:
            self._trained = None
        loops = dict(train=runner.train_loop, val=runner.val_loop)
        self._check(runner, {name: loop for name, loop in loops.items() if loop is not None})

    def before_val(self, runner) -> None:
        """Check the validation set."""
        self._check(runner, dict(val=runner.val_loop))

    def before_test(self, runner) -> None:
        """Check the test set."""
        self._check(runner, dict(test=runner.test_loop))

    def _check(self, runner, loops: dict) -> None:
        model = unwrap(runner.model)
        heads = head_classes(model)
        neighbours = any(hasattr(loop, 'bank_dataloader') for loop in loops.values())
        if not heads and not neighbours:
            return
        sets = list(_class_lists(loops))
        for classes in sets:
            check_number(heads, classes)
        reference = self._trained if heads else None
        for classes in sets:
            if reference is None or reference.names is None:
                reference = classes
            check_same(reference, classes)
        for name, loop in loops.items():
            evaluator = getattr(loop, 'evaluator', None)
            if evaluator is not None:
                numbers = [len(classes.names) for classes in sets if classes.names is not None]
                number = next(iter([*heads.values(), *numbers]), None)
                check_metrics(evaluator.metrics, model, number, f'{name}_evaluator')


def _class_lists(loops: dict) -> Iterator[ClassList]:
    for name, loop in loops.items():
        loaders = {f'{name}_dataloader': loop.dataloader}
        if hasattr(loop, 'bank_dataloader'):
            loaders = {f'{name}_cfg.bank_dataloader': loop.bank_dataloader} | loaders
        for where, loader in loaders.items():
            for dataset in innermost_datasets(loader.dataset):
                yield dataset_classes(dataset, where)
