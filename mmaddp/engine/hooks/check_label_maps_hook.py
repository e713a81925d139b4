"""Segmentation data that would fail late, silently or without a name."""

import os.path as osp
from collections.abc import Iterator

from mmengine.hooks import Hook

from mmaddp.datasets.nesting import innermost_datasets
from mmaddp.registry import HOOKS
from mmaddp.utils.wrappers import unwrap


@HOOKS.register_module()
class CheckLabelMapsHook(Hook):
    """Stop where label maps are missing, or hold values that are no class of the model.

    Missing files are found before the first iteration. Values are looked at in every batch: without
    this a value beyond the classes is an index error without a file's name in training (on a GPU an
    assertion that ends the process) and is counted as nothing in a test.
    """

    def before_train(self, runner) -> None:
        """Look for the files of the training set."""
        check_files(runner.train_dataloader.dataset)

    def before_val(self, runner) -> None:
        """Look for the files of the validation set."""
        check_files(runner.val_dataloader.dataset)

    def before_test(self, runner) -> None:
        """Look for the files of the test set."""
        check_files(runner.test_dataloader.dataset)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Look at the values of a batch."""
        check_values(runner.model, data_batch)

    def before_val_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Look at the values of a batch."""
        check_values(runner.model, data_batch)

    def before_test_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Look at the values of a batch."""
        check_values(runner.model, data_batch)


def check_files(dataset) -> None:
    """Raise where the label map of an image is missing.

    Args:
        dataset: One of mmsegmentation's, perhaps in wrappers.

    Raises:
        FileNotFoundError: Label maps are missing; the first is named.
    """
    for inner in innermost_datasets(dataset):
        paths = [inner.get_data_info(index).get('seg_map_path') for index in range(len(inner))]
        missing = [path for path in paths if path and '://' not in path and not osp.isfile(path)]
        if missing:
            raise FileNotFoundError(
                f'{len(missing)} of {len(paths)} label maps are missing, the first is {missing[0]}.'
                ' Every image needs one of its name; set data_prefix or seg_map_suffix, or take '
                'the images out.'
            )


def check_values(model, data_batch) -> None:
    """Raise where a label map of a batch holds a value that is no class.

    Args:
        model: mmsegmentation's ``EncoderDecoder``, perhaps in wrappers.
        data_batch (dict): ``data_samples``, a list, with test-time augmentation of lists.

    Raises:
        ValueError: A value is no class and not ignored; it and its file are named.
    """
    model = unwrap(model)
    ignored = model.decode_head.ignore_index
    for sample in _flat(data_batch['data_samples']):
        if 'gt_sem_seg' not in sample:
            continue
        labels = sample.gt_sem_seg.data
        wrong = labels[(labels >= model.num_classes) & (labels != ignored)]
        if wrong.numel():
            value = int(wrong[0])
            shift = ''
            if sample.get('reduce_zero_label'):
                shift = f' ({value + 1} in the file: reduce_zero_label subtracts 1)'
            raise ValueError(
                f'The label map {sample.get("seg_map_path")} holds the value {value}{shift}, but '
                f'the model has {model.num_classes} classes, 0 to {model.num_classes - 1}, and '
                f'{ignored} is ignored. Correct the file, or num_classes of the heads.'
            )


def _flat(samples) -> Iterator:
    for sample in samples:
        if isinstance(sample, list | tuple):
            yield from _flat(sample)
        else:
            yield sample
