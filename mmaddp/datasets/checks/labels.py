"""mmpretrain's data sets of labelled images, with labels that are checked first."""

import re

import numpy as np
from mmengine.fileio import LocalBackend, get_file_backend, list_from_file
from mmpretrain.datasets import CustomDataset as HostCustomDataset
from mmpretrain.datasets import ImageNet as HostImageNet

from mmaddp.datasets.class_folders import list_labelled_pictures
from mmaddp.registry import DATASETS
from mmaddp.utils.listing import SUFFIXES, list_pictures


class CheckedLabels:
    """Mix-in: stop at an annotation that training would fail on.

    Args:
        *args: Those of the host's class.
        allow_empty (bool): Whether class folders without an image are accepted.
            Defaults to False.
        **kwargs: Those of the host's class.

    Attributes:
        max_label (int): Largest label, -1 for a set without labels.
    """

    def __init__(self, *args, allow_empty: bool = False, **kwargs) -> None:
        self.allow_empty = allow_empty
        self.max_label = -1
        kwargs.setdefault('extensions', SUFFIXES)
        super().__init__(*args, **kwargs)

    def _find_samples(self) -> list:
        samples = self._list_samples()
        if self.with_label and not self.allow_empty:
            used = {label for _, label in samples}
            empty = [name for name, label in self.folder_to_idx.items() if label not in used]
            if empty:
                raise ValueError(
                    f'{self.img_prefix} holds class folders without an image: {", ".join(empty)}. '
                    'Fill or remove them, or accept them with allow_empty=True. Images end in '
                    f'{", ".join(sorted(self.extensions))} (extensions).'
                )
        return samples

    def _list_samples(self) -> list:
        """Pictures, listed as in the whole project, with their labels if they have any."""
        if not isinstance(get_file_backend(self.img_prefix), LocalBackend):
            return super()._find_samples()
        if not self.with_label:
            samples: list = list_pictures(self.img_prefix, self.extensions).files
        else:
            samples, self.folder_to_idx = list_labelled_pictures(self.img_prefix, self.extensions)
            if self.CLASSES is None:
                self._metainfo['classes'] = tuple(self.folder_to_idx)
            elif len(self.CLASSES) != len(self.folder_to_idx):
                raise ValueError(
                    f'{self.img_prefix} holds {len(self.folder_to_idx)} class folders '
                    f'({", ".join(self.folder_to_idx)}), but {len(self.CLASSES)} classes are named '
                    f'({", ".join(self.CLASSES)}).'
                )
        if not samples:
            where = 'in class folders' if self.with_label else 'at any depth'
            raise ValueError(
                f'{self.img_prefix} holds no picture {where}. Pictures end in '
                f'{", ".join(sorted(self.extensions))} (extensions).'
            )
        return samples

    def load_data_list(self) -> list[dict]:
        """Read file names and labels.

        Raises:
            ValueError: A line is not ``path label``, a label is out of range, or a class folder is
                empty.
        """
        if self.ann_file:
            backend = get_file_backend(self.img_prefix, enable_singleton=True)
            data_list = [
                dict(info, img_path=backend.join_path(self.img_prefix, info['img_path']))
                for info in read_label_list(self.ann_file, self.with_label)
            ]
        else:
            data_list = super().load_data_list()
        if self.with_label and data_list:
            self._check_range(data_list)
        return data_list

    def _check_range(self, data_list: list[dict]) -> None:
        labels = np.fromiter((info['gt_label'] for info in data_list), np.int64, len(data_list))
        self.max_label = int(labels.max())
        limit = self.max_label + 1 if self.CLASSES is None else len(self.CLASSES)
        wrong = np.flatnonzero((labels < 0) | (labels >= limit))
        if len(wrong):
            first = data_list[wrong[0]]
            raise ValueError(
                f'{len(wrong)} labels of {self.ann_file or self.img_prefix} are out of range, the '
                f'first is {first["gt_label"]} of {first["img_path"]}. Labels count from 0; '
                f'{limit} classes are named.'
            )


@DATASETS.register_module(name='CustomDataset')
class CheckedCustomDataset(CheckedLabels, HostCustomDataset):
    """mmpretrain's ``CustomDataset``: a folder of class folders, or lines ``path label``."""


@DATASETS.register_module(name='ImageNet')
class CheckedImageNet(CheckedLabels, HostImageNet):
    """mmpretrain's ``ImageNet``: class folders, or ``meta/{split}.txt`` of lines ``path label``."""


def read_label_list(ann_file: str, with_label: bool) -> list[dict]:
    """Read lines ``path label``, or ``path`` alone, as editors of any system write them.

    A byte order mark and blank lines do not count, nor do blanks at the ends of a line.

    Args:
        ann_file (str): The file, in UTF-8.
        with_label (bool): Whether a label follows the path, after a blank.

    Returns:
        list[dict]: ``img_path`` as in the file; with a label ``gt_label``, int.

    Raises:
        ValueError: The file is not UTF-8, or a line is not of this form. It is named.
    """
    try:
        lines = list_from_file(ann_file, encoding='utf-8-sig')
    except UnicodeError as error:
        raise ValueError(f'{ann_file} is not text in UTF-8: {error}.') from error
    found = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        if not with_label:
            found.append(dict(img_path=text))
            continue
        path, _, label = text.rpartition(' ')
        if not path or not re.fullmatch('-?[0-9]{1,18}', label):
            raise ValueError(
                f'{ann_file}, line {number} is not "path label" with a whole number as label: '
                f'{line!r}.'
            )
        found.append(dict(img_path=path, gt_label=int(label)))
    return found
