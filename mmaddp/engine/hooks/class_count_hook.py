"""Data and head must speak of the same classes."""

from typing import Any, Optional

from mmengine.hooks import Hook

from mmaddp.datasets.nesting import innermost_datasets
from mmaddp.registry import HOOKS
from mmaddp.utils.wrappers import unwrap


@HOOKS.register_module()
class ClassCountHook(Hook):
    """Stop before the first batch when a data set has other classes than ``model.head``."""

    def before_train(self, runner) -> None:
        """Check the training set."""
        self._check(runner, 'train_dataloader', runner.train_dataloader)

    def before_val(self, runner) -> None:
        """Check the validation set."""
        self._check(runner, 'val_dataloader', runner.val_dataloader)

    def before_test(self, runner) -> None:
        """Check the test set."""
        self._check(runner, 'test_dataloader', runner.test_dataloader)

    def _check(self, runner, where: str, dataloader) -> None:
        num_classes = _num_classes(runner.model)
        if num_classes is None:
            return
        for dataset in innermost_datasets(dataloader.dataset):
            classes = getattr(dataset, 'metainfo', {}).get('classes')
            max_label = getattr(dataset, 'max_label', -1)
            if classes is not None and len(classes) != num_classes:
                found = f'{len(classes)} classes ({_some(classes)})'
            elif max_label >= num_classes:
                found = f'labels up to {max_label}'
            else:
                continue
            place = getattr(dataset, 'ann_file', '') or getattr(dataset, 'data_prefix', '')
            raise ValueError(
                f'The data set of {where} ({place}) has {found}, but model.head.num_classes is '
                f'{num_classes}. Set model.head.num_classes and data_preprocessor.num_classes to '
                'the number of classes, or name the classes of the data set (classes=[...]).'
            )


def _num_classes(model) -> Optional[int]:
    return getattr(getattr(unwrap(model), 'head', None), 'num_classes', None)


def _some(classes: Any) -> str:
    names = list(map(str, classes))
    return ', '.join(names[:5]) + (', ...' if len(names) > 5 else '')
