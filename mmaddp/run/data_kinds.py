"""The kinds of data sets: what each needs on disk, how it is checked, what can replace it."""

import inspect
import os.path as osp
from collections.abc import Callable
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any, Optional

from mmaddp.datasets.checks.classes import class_names
from mmaddp.datasets.checks.coco import check_coco_dataset, coco_classes
from mmaddp.run import stand_in_data
from mmaddp.run.stand_in_data import StandInNeeds
from mmaddp.utils.config_types import type_name
from mmaddp.utils.listing import holds_a_file


def is_empty(path: str) -> bool:
    """Whether a path does not exist, or is a folder without a file."""
    location = Path(path).expanduser()
    if location.is_dir():
        return not holds_a_file(location)
    return not location.exists()


def absent_paths(dataset: dict) -> list[str]:
    """Paths of a data set's settings that do not exist, or are folders without a file."""
    root = dataset.get('data_root') or ''
    prefix = dataset.get('data_prefix') or dataset.get('split') or ''
    parts = list(prefix.values()) if isinstance(prefix, dict) else [prefix]
    parts.append(dataset.get('ann_file') or '')
    paths = [osp.join(root, part) for part in parts if part] or [root]
    return [path for path in dict.fromkeys(paths) if path and '://' not in path and is_empty(path)]


def _absent_images(dataset: dict) -> list[str]:
    """The same for images with label maps, which must have the configured suffixes."""
    images = osp.join(dataset.get('data_root') or '', dataset['data_prefix']['img_path'])
    suffix = file_suffixes(dataset)[0]
    if not is_empty(images) and not holds_a_file(images, suffix):
        return [osp.join(images, f'*{suffix}')]
    return absent_paths(dataset)


def _absent_archives(dataset: dict) -> list[str]:
    pattern = osp.join(osp.expanduser(dataset['data_root']), dataset.get('shards') or '*.tar')
    return [] if glob(pattern) else [pattern]


def file_suffixes(dataset: dict) -> tuple[str, str]:
    """Suffixes of images and label maps of a segmentation set, its class's defaults included."""
    arguments = inspect.signature(_segmentation_class(dataset)).parameters
    suffixes = []
    for name, default in (('img_suffix', '.jpg'), ('seg_map_suffix', '.png')):
        default = arguments[name].default if name in arguments else default
        suffixes.append(dataset.get(name, default))
    return tuple(suffixes)


def _has_label_maps(dataset: dict) -> bool:
    prefix = dataset.get('data_prefix')
    return isinstance(prefix, dict) and 'seg_map_path' in prefix


def _segmentation_class(dataset: dict) -> Any:
    from mmseg.registry import DATASETS

    kind = dataset['type']
    return DATASETS.get(kind) if isinstance(kind, str) else kind


def _label_map_classes(dataset: dict, where: str) -> Optional[tuple[str, ...]]:
    given = (dataset.get('metainfo') or {}).get('classes')
    given = class_names(given, f'{where}.metainfo.classes')
    return given or _segmentation_class(dataset).METAINFO.get('classes')


def _image_classes(dataset: dict, where: str) -> Optional[tuple[str, ...]]:
    if not dataset.get('with_label', True):
        return None
    given = dataset.get('classes') or (dataset.get('metainfo') or {}).get('classes')
    return class_names(given, f'{where}.classes')


def _no_classes(dataset: dict, where: str) -> None:
    """The data set has no classes, or its settings do not name them."""


def _label_maps_stand_in(dataset: dict, needs: StandInNeeds) -> dict:
    return stand_in_data.label_maps(dataset, needs, file_suffixes(dataset))


def _nothing_to_check(dataset: dict, where: str) -> None:
    """The data set itself, or a hook, checks what it reads."""


@dataclass(frozen=True)
class DataKind:
    """A kind of data set.

    Attributes:
        fits (Callable): Whether settings are of this kind.
        stand_in (Callable): Takes settings and :class:`StandInNeeds`; writes random data and
            returns the settings of a data set of them.
        absent (Callable): Paths that the settings name but that do not exist.
        check (Callable): Takes settings and their dotted name; raises ``ValueError`` where the
            files do not match each other.
        classes (Callable): Takes settings and their dotted name; gives the names of the classes,
            None where the settings do not say.
    """

    fits: Callable[[dict], bool]
    stand_in: Callable[[dict, StandInNeeds], dict]
    absent: Callable[[dict], list[str]] = absent_paths
    check: Callable[[dict, str], None] = _nothing_to_check
    classes: Callable[[dict, str], Optional[tuple[str, ...]]] = _no_classes


KINDS = (
    DataKind(_has_label_maps, _label_maps_stand_in, _absent_images, classes=_label_map_classes),
    DataKind(
        lambda dataset: type_name(dataset) == 'CocoDataset',
        stand_in_data.coco,
        check=check_coco_dataset,
        classes=coco_classes,
    ),
    DataKind(lambda dataset: type_name(dataset) == 'TokenDataset', stand_in_data.tokens),
    DataKind(
        lambda dataset: type_name(dataset) == 'TarDataset',
        stand_in_data.unlabelled_images,
        _absent_archives,
    ),
    DataKind(
        lambda dataset: type_name(dataset) in ('CustomDataset', 'ImageNet'),
        stand_in_data.images,
        classes=_image_classes,
    ),
    DataKind(lambda dataset: True, stand_in_data.refuse),
)
"""The first that fits is used."""


def kind_of(dataset: dict) -> DataKind:
    """The kind of a data set, by its settings (those inside the wrappers)."""
    return next(kind for kind in KINDS if kind.fits(dataset))
