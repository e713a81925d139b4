"""Label maps of a data set: missing files, values that are not classes, classes without pixels."""

import os.path as osp
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import numpy as np

from mmaddp.datasets.checks.label_maps import read_label_map
from mmaddp.datasets.nesting import innermost_datasets

BYTE_ORDER_MARK = b'\xef\xbb\xbf'
IGNORED = 255
# Label maps read before training, spread over the set, until every class has been seen.
MAX_MAPS = 2000


def check_files(dataset: Any) -> None:
    """Raise where an image or its label map is missing.

    Args:
        dataset (Any): One of mmsegmentation's, perhaps in wrappers.

    Raises:
        FileNotFoundError: Files are missing; the first is named.
    """
    for inner in innermost_datasets(dataset):
        infos = [inner.get_data_info(index) for index in range(len(inner))]
        for key, kind, settings in (
            ('seg_map_path', 'label maps', 'data_prefix or seg_map_suffix'),
            ('img_path', 'images', 'data_prefix or img_suffix'),
        ):
            paths = [info.get(key) for info in infos]
            missing = [path for path in paths if path and _is_missing(path)]
            if missing:
                raise FileNotFoundError(
                    f'{len(missing)} of {len(paths)} {kind} are missing, the first is '
                    f'{missing[0]}.{_about_list(inner)} Every image needs one of its name; set '
                    f'{settings}, or take the images out.'
                )


def _is_missing(path: str) -> bool:
    return '://' not in path and not osp.isfile(path)


def _about_list(dataset: Any) -> str:
    """What is wrong with the list of names that a data set was made from."""
    file = Path(getattr(dataset, 'ann_file', '') or '')
    if not file.is_file():
        return ''
    content = file.read_bytes()
    if content.startswith(BYTE_ORDER_MARK):
        return f' {file} begins with a byte order mark: save it as UTF-8 without one.'
    names = content.decode(errors='replace').split('\n')
    if any(name.strip().endswith(dataset.img_suffix) for name in names):
        return f' {file} lists names with their suffix, which is added to them: remove it.'
    return ''


def check_values(model: Any, data_batch: dict) -> None:
    """Raise if a label map of a batch holds a value that is not a class.

    Args:
        model (Any): mmsegmentation's ``EncoderDecoder``, without wrappers.
        data_batch (dict): ``data_samples``, a list, with test-time augmentation of lists.

    Raises:
        ValueError: A value is neither a class nor ignored; it and its file are named.
    """
    head = model.decode_head
    ignored = getattr(head, 'ignore_index', IGNORED)
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


def _flat(samples: Any) -> Iterator:
    for sample in samples:
        if isinstance(sample, list | tuple):
            yield from _flat(sample)
        else:
            yield sample


def unused_classes(dataset: Any, num_classes: int) -> Optional[str]:
    """Report classes without a single pixel while 255, which is ignored, is in the files.

    Masks of 0 and 255 are the most common case: the foreground is ignored.

    Args:
        dataset (Any): A training set of mmsegmentation, perhaps in wrappers.
        num_classes (int): Number of classes of the model.

    Returns:
        str, optional: A message, None if nothing looks wrong.

    Raises:
        ValueError: A label map cannot be read.
    """
    infos = [
        inner.get_data_info(index)
        for inner in innermost_datasets(dataset)
        for index in range(len(inner))
    ]
    infos = [info for info in infos if info.get('seg_map_path')]
    step = -(-len(infos) // MAX_MAPS) or 1
    counts, with_255 = np.zeros(256, np.int64), []
    looked_at = infos[::step]
    for info in looked_at:
        in_file = np.bincount(read_label_map(info['seg_map_path'])[1].ravel(), minlength=256)
        if in_file[IGNORED]:
            with_255.append(info['seg_map_path'])
        counts += _as_trained(in_file, info)
        if counts[:num_classes].all():
            return None
    if not with_255:
        return None
    unused = [str(label) for label in np.flatnonzero(counts[:num_classes] == 0)]
    return (
        f'In {len(looked_at)} of {len(infos)} label maps of the training set not one pixel is of '
        f'class {", ".join(unused[:10])}{", ..." * (len(unused) > 10)} (counted from 0), while '
        f'{len(with_255)} of them hold 255, which is ignored, as {with_255[0]} does. If 255 stands '
        'for a class, write its number into the files.'
    )


def _as_trained(counts: np.ndarray, info: dict) -> np.ndarray:
    """Pixels of each label, after the changes that the host makes to the labels of a file."""
    label: np.ndarray = np.arange(256)
    if info.get('reduce_zero_label'):
        label = np.where((label == 0) | (label == IGNORED), IGNORED, label - 1)
    renamed = label.copy()
    for old, new in (info.get('label_map') or {}).items():
        renamed[label == old] = new % 256
    return np.bincount(renamed, weights=counts, minlength=256).astype(np.int64)
