"""Random data and weights for what a dry run does not find."""

import copy
import json
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import get_world_size
from PIL import Image

from mmaddp.datasets.coco_check import coco_classes
from mmaddp.datasets.token_cache import write_token_cache
from mmaddp.engine.inputs import (
    absent_paths,
    absent_truth,
    absent_weights,
    datasets,
    file_suffixes,
    is_absent_file,
    is_coco,
    is_segmentation,
    pretrained_settings,
)

NUM_IMAGES = 16
# Training images of ImageNet-1k, for the estimate where the data are absent.
IMAGENET_IMAGES = 1281167
COCO_FILE = 'instances.json'


def use_stand_ins(cfg: Config, folder: Path, num_steps: int) -> tuple[Config, list[str]]:
    """Replace absent data and weights by random ones.

    Args:
        cfg (Config): The run's configuration; it is not changed.
        folder (Path): Where random data may be written.
        num_steps (int): Training steps that the data must suffice for.

    Returns:
        tuple: The new configuration, and one line for each thing that was replaced.

    Raises:
        ValueError: There is no random stand-in for a kind of data set.
    """
    cfg = copy.deepcopy(cfg)
    replaced = [f'weights {file} ({name})' for name, file in absent_weights(cfg, downloads=True)]
    for _, holder, key, setting in list(pretrained_settings(cfg.get('model'))):
        if is_absent_file(setting['checkpoint'], downloads=True):
            if isinstance(holder, dict):
                holder[key] = None
            else:
                holder.remove(setting)
    if cfg.get('load_from') and is_absent_file(cfg.load_from, downloads=True):
        cfg.load_from = None
    for where, dataset in datasets(cfg):
        absent = absent_paths(dataset)
        if absent:
            batch_size = cfg[where.partition('.')[0]].get('batch_size', 1)
            needed = num_steps * batch_size * get_world_size()
            _replace_dataset(dataset, folder, needed, _num_tokens(cfg.get('model')))
            replaced.append(f'data {", ".join(absent)} ({where})')
            # The random images are of two classes.
            hooks = cfg.get('custom_hooks') or []
            cfg.custom_hooks = [h for h in hooks if h['type'] != 'mmaddp.ClassCountHook']
            for _, metric, _ in list(absent_truth(cfg, where.partition('.')[0])):
                metric.ann_file = str(folder / 'coco' / COCO_FILE)
    return cfg, replaced


def _replace_dataset(dataset: dict, folder: Path, needed: int, num_tokens: int) -> None:
    """Overwrite a data set's configuration in place, its pipeline kept."""
    kind = str(dataset['type']).rpartition('.')[2]
    if kind in ('CustomDataset', 'ImageNet'):
        images = dict(
            type='mmpretrain.CustomDataset',
            data_root=str(_random_images(folder / 'images')),
            with_label=dataset.get('with_label', True),
            pipeline=dataset.get('pipeline', []),
        )
        stand_in = dict(
            type='mmengine.RepeatDataset', times=-(-needed // NUM_IMAGES), dataset=images
        )
    elif kind == 'TokenDataset':
        num_codes = dataset['num_codes']
        file = _random_tokens(folder / f'tokens_{needed}.st', needed, num_tokens, num_codes)
        stand_in = dict(type=dataset['type'], data_file=str(file), num_codes=num_codes)
    elif is_segmentation(dataset):
        stand_in = dict(
            type='mmengine.RepeatDataset',
            times=-(-needed // NUM_IMAGES),
            dataset=_random_segmentation(dataset, folder / 'segmentation'),
        )
    elif is_coco(dataset):
        stand_in = dict(
            type='mmengine.RepeatDataset',
            times=-(-needed // NUM_IMAGES),
            dataset=_random_coco(dataset, folder / 'coco'),
        )
    else:
        raise ValueError(
            f'--dry-run has no random stand-in for a data set of type {kind}: give it the data.'
        )
    dataset.clear()
    dataset.update(stand_in)


def _random_images(folder: Path) -> Path:
    """Write random pictures in two classes, larger than what the pipelines crop."""
    rng = np.random.default_rng(0)
    for index in range(NUM_IMAGES):
        path = folder / f'class{index % 2}' / f'{index}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (400, 500, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    return folder


def _random_segmentation(dataset: dict, folder: Path) -> dict:
    """The same data set over random pictures with label maps of two values."""
    suffixes = file_suffixes(dataset)
    rng = np.random.default_rng(0)
    for index in range(NUM_IMAGES):
        for kind, suffix, shape in zip(('images', 'labels'), suffixes, ((400, 500, 3), (400, 500))):
            path = folder / kind / f'{index}{suffix}'
            path.parent.mkdir(parents=True, exist_ok=True)
            high = 256 if kind == 'images' else 2
            Image.fromarray(rng.integers(0, high, shape, dtype=np.uint8)).save(path)
    (folder / 'names.txt').write_text(''.join(f'{index}\n' for index in range(NUM_IMAGES)))
    prefix = dict(img_path='images', seg_map_path='labels')
    changes = dict(data_root=str(folder), data_prefix=prefix)
    if dataset.get('ann_file'):
        changes['ann_file'] = 'names.txt'
    return {**dataset, **changes}


def _random_coco(dataset: dict, folder: Path) -> dict:
    """The same data set over random pictures with three rectangular objects each."""
    names = [f'class{index % 2}/{index}.png' for index in range(NUM_IMAGES)]
    _random_images(folder)
    images = [dict(id=i, file_name=name, height=400, width=500) for i, name in enumerate(names)]
    classes = coco_classes(dataset)
    annotations = []
    for index in range(3 * NUM_IMAGES):
        left, top, right, bottom = 150 * (index % 3), 50, 150 * (index % 3) + 100, 50 + 7 * index
        annotations.append(
            dict(
                id=index,
                image_id=index // 3,
                category_id=index % len(classes),
                bbox=[left, top, right - left, bottom - top],
                area=(right - left) * (bottom - top),
                iscrowd=0,
                segmentation=[[left, top, right, top, right, bottom, left, bottom]],
            )
        )
    categories = [dict(id=i, name=name) for i, name in enumerate(classes)]
    content = dict(images=images, annotations=annotations, categories=categories)
    (folder / COCO_FILE).write_text(json.dumps(content))
    return {**dataset, 'data_root': str(folder), 'ann_file': COCO_FILE, 'data_prefix': dict(img='')}


def _random_tokens(path: Path, num_images: int, num_tokens: int, num_codes: int) -> Path:
    token_ids = torch.randint(num_codes, (num_images, 1, num_tokens))
    write_token_cache(path, token_ids, [f'{i}.png' for i in range(num_images)], num_codes, '')
    return path


def _num_tokens(node) -> int:
    """First ``num_tokens`` in a model's configuration, 0 if there is none."""
    if isinstance(node, dict):
        if 'num_tokens' in node:
            return node['num_tokens']
        return next(filter(None, map(_num_tokens, node.values())), 0)
    return 0
