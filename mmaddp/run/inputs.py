"""Files that a run needs: data and weights."""

import filecmp
import os.path as osp
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmaddp.datasets.checks.classes import ClassList, check_same
from mmaddp.datasets.nesting import innermost_settings
from mmaddp.run.config import DATALOADERS
from mmaddp.run.data_kinds import kind_of
from mmaddp.utils.config_types import type_name
from mmaddp.weights.known_weights import SCHEME, find_known
from mmaddp.weights.model import pretrained_settings


def check_inputs(
    cfg: Config, dataloaders: tuple[str, ...] = DATALOADERS, pretrained: bool = True
) -> None:
    """Raise if data or weights of a run are absent, or annotations do not match.

    Args:
        cfg (Config): The run's configuration.
        dataloaders (tuple[str]): Which data to check. Defaults to all.
        pretrained (bool): Whether the run loads the weights that the model's parts start from.
            Defaults to True.

    Raises:
        FileNotFoundError: All that is absent.
        ValueError: Data sets of the run have different classes, an annotation file in COCO's format
            does not fit images or classes, or a metric reads a different one than the data set.
    """
    absent = [
        f'weights {file} ({where})'
        for where, file in absent_weights(cfg)
        if pretrained or where == 'load_from'
    ]
    for where, dataset in datasets(cfg, dataloaders):
        absent += [f'data {path} ({where})' for path in kind_of(dataset).absent(dataset)]
    for name in dataloaders:
        absent += [f'annotations {file} ({where})' for where, _, file in absent_truth(cfg, name)]
    if absent:
        lines = '\n  '.join(absent)
        raise FileNotFoundError(
            f'This run needs files that are missing or empty:\n  {lines}\n'
            'Set these paths in the configuration or with --cfg-options, or get released weights '
            'with tools/download_weights.py; tools/train.py --dry-run tries the run with '
            'random data and weights.'
        )
    _check_classes(cfg, dataloaders)
    for where, dataset in datasets(cfg, dataloaders):
        kind_of(dataset).check(dataset, where)
    for name in dataloaders:
        _check_truth(cfg, name)


def _check_classes(cfg: Config, dataloaders: tuple[str, ...]) -> None:
    """Compare the classes that settings name, before a host joins the data sets of a list.

    What only the built data sets know is compared by ``mmaddp.CheckClassesHook``.
    """
    if not _names(cfg.get('model'), 'num_classes'):
        return
    lists = [
        ClassList(where, kind_of(dataset).classes(dataset, where))
        for where, dataset in datasets(cfg, dataloaders)
    ]
    named = [classes for classes in lists if classes.names is not None]
    for other in named[1:]:
        check_same(named[0], other)


def _names(node: Any, key: str) -> bool:
    """Whether a key occurs anywhere in settings."""
    if isinstance(node, dict):
        return key in node or any(_names(child, key) for child in node.values())
    return isinstance(node, list | tuple) and any(_names(child, key) for child in node)


def absent_weights(cfg: Config, downloads: bool = False) -> list[tuple[str, str]]:
    """Weights that are not there: (name of the setting, file).

    Args:
        cfg (Config): The run's configuration.
        downloads (bool): Count what would have to be downloaded as absent. Defaults to False.
    """
    found = [(name, cfg_.checkpoint) for name, _, _, cfg_ in pretrained_settings(cfg.get('model'))]
    if cfg.get('load_from'):
        found.append(('load_from', cfg.load_from))
    return [(name, file) for name, file in found if is_absent_file(file, downloads)]


def is_absent_file(file: str, downloads: bool = False) -> bool:
    """Whether a local file does not exist; for an address, whether ``downloads`` count.

    ``mmaddp://NAME`` stands for a local file.
    """
    if file.startswith(SCHEME):
        return find_known(file.removeprefix(SCHEME)) is None
    return downloads if '://' in file else not Path(file).expanduser().is_file()


def datasets(cfg: Config, dataloaders: tuple[str, ...] = DATALOADERS) -> Iterator[tuple[str, dict]]:
    """Yield the innermost data sets, wrappers left out, with their dotted names."""
    for name in dataloaders:
        if cfg.get(name) is not None:
            yield from innermost_settings(cfg[name].dataset, f'{name}.dataset')


def absent_truth(cfg: Config, dataloader: str) -> Iterator[tuple[str, Any, str]]:
    """Find the annotation files that the metrics of a dataloader read and that are not there.

    Yields:
        tuple: Dotted name, the metric's settings, the file.
    """
    for name, metric, file in _truth(cfg, dataloader):
        if not Path(file).is_file():
            yield name, metric, file


def _truth(cfg: Config, dataloader: str) -> Iterator[tuple[str, Any, str]]:
    """Local annotation files that the metrics of a dataloader read, as ``absent_truth`` does."""
    name = dataloader.replace('dataloader', 'evaluator')
    metrics = cfg.get(name) or []
    for metric in metrics if isinstance(metrics, list | tuple) else [metrics]:
        file = metric.get('ann_file')
        if file and '://' not in file:
            yield f'{name}.ann_file', metric, file


def _check_truth(cfg: Config, dataloader: str) -> None:
    """Raise if a metric reads other annotations than the COCO set whose results it gets."""
    files = [
        osp.join(dataset.get('data_root') or '', dataset['ann_file'])
        for _, dataset in datasets(cfg, (dataloader,))
        if type_name(dataset) == 'CocoDataset'
    ]
    for where, _, truth in _truth(cfg, dataloader):
        if files and not any(filecmp.cmp(truth, file, shallow=False) for file in files):
            raise ValueError(
                f'{where} is {truth}, but the data set of {dataloader} reads {files[0]}: results '
                'would be compared with the wrong images. Set both to the same file.'
            )
