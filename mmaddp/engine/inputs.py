"""Files that a run needs: data and weights."""

import inspect
import os.path as osp
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config

from mmaddp.datasets.coco_check import check_coco_dataset
from mmaddp.engine.run_config import DATALOADERS
from mmaddp.utils.known_weights import SCHEME, find_known

# Keys of a data set that name a file by themselves.
FILE_KEYS = ('data_file', 'tokenizer_file')


def check_inputs(
    cfg: Config, dataloaders: tuple[str, ...] = DATALOADERS, pretrained: bool = True
) -> None:
    """Raise when data or weights of a run are absent, or annotations do not fit.

    Args:
        cfg (Config): The run's configuration.
        dataloaders (tuple[str]): Which data to check. Defaults to all.
        pretrained (bool): Whether the run loads the weights that the model's parts start from.
            Defaults to True.

    Raises:
        FileNotFoundError: All that is absent.
        ValueError: An annotation file in COCO's format does not fit images or classes.
    """
    absent = [
        f'weights {file} ({where})'
        for where, file in absent_weights(cfg)
        if pretrained or where == 'load_from'
    ]
    for where, dataset in datasets(cfg, dataloaders):
        absent += [f'data {path} ({where})' for path in absent_paths(dataset)]
    for name in dataloaders:
        absent += [f'annotations {file} ({where})' for where, _, file in absent_truth(cfg, name)]
    if absent:
        lines = '\n  '.join(absent)
        raise FileNotFoundError(
            f'This run needs what is not there or is empty:\n  {lines}\n'
            'Set these paths in the configuration or with --cfg-options, or get released weights '
            'with tools/misc/download_weights.py; tools/train.py --dry-run tries the run with '
            'random data and weights.'
        )
    for where, dataset in datasets(cfg, dataloaders):
        if is_coco(dataset):
            check_coco_dataset(dataset, where)


def pretrained_settings(node, where: str = 'model') -> Iterator[tuple[str, dict, object, dict]]:
    """Find the weights that a part of the configuration loads.

    Yields:
        tuple: Dotted name of the setting, the dict or list that holds it, its key there, and
        ``dict(type='Pretrained', checkpoint=...)`` itself.
    """
    if isinstance(node, dict):
        children = node.items()
    else:
        children = enumerate(node) if isinstance(node, list | tuple) else ()
    for key, child in children:
        name = f'{where}.{key}'
        if isinstance(child, dict) and child.get('type') == 'Pretrained' and 'checkpoint' in child:
            yield name, node, key, child
        else:
            yield from pretrained_settings(child, name)


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
            yield from _innermost(f'{name}.dataset', cfg[name].dataset)


def is_coco(dataset: dict) -> bool:
    """Whether a data set's configuration is one of mmdetection's ``CocoDataset``."""
    return str(dataset.get('type')).rpartition('.')[2] == 'CocoDataset'


def absent_truth(cfg: Config, dataloader: str) -> Iterator[tuple[str, dict, str]]:
    """Find the annotation files that the metrics of a dataloader read and that are not there.

    Yields:
        tuple: Dotted name, the metric's settings, the file.
    """
    name = dataloader.replace('dataloader', 'evaluator')
    metrics = cfg.get(name) or []
    for metric in metrics if isinstance(metrics, list | tuple) else [metrics]:
        file = metric.get('ann_file')
        if file and '://' not in file and not Path(file).is_file():
            yield f'{name}.ann_file', metric, file


def _innermost(where: str, dataset: dict) -> Iterator[tuple[str, dict]]:
    if 'dataset' in dataset:
        yield from _innermost(f'{where}.dataset', dataset['dataset'])
    elif 'datasets' in dataset:
        for index, child in enumerate(dataset['datasets']):
            yield from _innermost(f'{where}.datasets.{index}', child)
    else:
        yield where, dataset


def absent_paths(dataset: dict) -> list[str]:
    """Paths of a data set's configuration that do not exist, or are folders without a file."""
    root = dataset.get('data_root') or ''
    prefix = dataset.get('data_prefix') or dataset.get('split') or ''
    parts = list(prefix.values()) if isinstance(prefix, dict) else [prefix]
    parts.append(dataset.get('ann_file') or '')
    paths = [osp.join(root, part) for part in parts if part] or [root]
    if is_segmentation(dataset):
        images = osp.join(root, prefix['img_path'])
        pattern = f'*{file_suffixes(dataset)[0]}'
        if not _is_empty(images) and not any(Path(images).rglob(pattern)):
            return [osp.join(images, pattern)]
    paths += [dataset[key] for key in FILE_KEYS if dataset.get(key)]
    return [path for path in dict.fromkeys(paths) if path and '://' not in path and _is_empty(path)]


def is_segmentation(dataset: dict) -> bool:
    """Whether a data set's configuration is one of mmsegmentation's."""
    prefix = dataset.get('data_prefix')
    return isinstance(prefix, dict) and 'seg_map_path' in prefix


def file_suffixes(dataset: dict) -> tuple[str, str]:
    """How images and label maps of a segmentation set end, also by its class's defaults."""
    from mmseg.registry import DATASETS

    arguments = inspect.signature(DATASETS.get(dataset['type'])).parameters
    suffixes = []
    for name, default in (('img_suffix', '.jpg'), ('seg_map_suffix', '.png')):
        default = arguments[name].default if name in arguments else default
        suffixes.append(dataset.get(name, default))
    return tuple(suffixes)


def _is_empty(path: str) -> bool:
    location = Path(path)
    if location.is_dir():
        return not any(entry.is_file() for entry in location.rglob('*'))
    return not location.exists()
