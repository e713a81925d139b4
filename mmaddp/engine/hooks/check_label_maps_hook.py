"""Finds segmentation data that would fail late, silently or without naming a file."""

from mmengine.dist import is_main_process
from mmengine.hooks import Hook

from mmaddp.datasets.checks.label_values import check_files, check_values, unused_classes
from mmaddp.registry import HOOKS
from mmaddp.utils.wrappers import unwrap


@HOOKS.register_module()
class CheckLabelMapsHook(Hook):
    """Stop if label maps are missing, or hold values that are not classes of the model.

    Missing files are found before the first iteration, and a warning names classes that occur in
    no label map while 255, which is ignored, does. Values are checked in every batch: otherwise a
    value beyond the classes is an index error without a file name in training (on a GPU, an
    assertion that ends the process) and is silently left out of the results in a test.

    Models that do not label pixels (without ``decode_head``) are left alone.
    """

    def before_train(self, runner) -> None:
        """Look for the files of the training set, and for classes that none of them contains."""
        dataset = runner.train_dataloader.dataset
        self._check_files(runner, dataset)
        if _labels_pixels(runner) and is_main_process():
            message = unused_classes(dataset, unwrap(runner.model).num_classes)
            if message:
                runner.logger.warning(message)

    def before_val(self, runner) -> None:
        """Look for the files of the validation set."""
        self._check_files(runner, runner.val_dataloader.dataset)

    def before_test(self, runner) -> None:
        """Look for the files of the test set."""
        self._check_files(runner, runner.test_dataloader.dataset)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Look at the values of a batch."""
        self._check_values(runner, data_batch)

    def before_val_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Look at the values of a batch."""
        self._check_values(runner, data_batch)

    def before_test_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Look at the values of a batch."""
        self._check_values(runner, data_batch)

    def _check_files(self, runner, dataset) -> None:
        if _labels_pixels(runner):
            check_files(dataset)

    def _check_values(self, runner, data_batch: dict) -> None:
        if _labels_pixels(runner):
            check_values(unwrap(runner.model), data_batch)


def _labels_pixels(runner) -> bool:
    return hasattr(unwrap(runner.model), 'decode_head')
