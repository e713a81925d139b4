"""Random data that replace absent data in a dry run, one function per kind."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from mmaddp.datasets.checks.coco import coco_classes
from mmaddp.datasets.token_cache import write_token_cache
from mmaddp.utils.config_types import type_name

NUM_IMAGES = 16
# Larger than what the pipelines crop, and multiples of the strides of tokenizers.
HEIGHT, WIDTH = 384, 512
COCO_FILE = 'instances.json'


@dataclass(frozen=True)
class StandInNeeds:
    """What random data are needed for.

    Attributes:
        folder (Path): Where they may be written.
        num_samples (int): Samples that will be read.
        num_tokens (int): Tokens of an image, L; 0 where nothing reads tokens.
    """

    folder: Path
    num_samples: int
    num_tokens: int


def images(dataset: dict, needs: StandInNeeds) -> dict:
    """Pictures in two class folders."""
    folder = needs.folder / 'images'
    _write_images(folder)
    return _repeated(
        dict(
            type='mmpretrain.CustomDataset',
            data_root=str(folder),
            with_label=dataset.get('with_label', True),
            pipeline=dataset.get('pipeline', []),
        ),
        needs,
    )


def unlabelled_images(dataset: dict, needs: StandInNeeds) -> dict:
    """The same pictures, whose classes are not read."""
    return images({**dataset, 'with_label': False}, needs)


def tokens(dataset: dict, needs: StandInNeeds) -> dict:
    """A token cache of random ids."""
    number, num_codes = needs.num_samples, dataset['num_codes']
    folder = needs.folder / f'tokens_{number}'
    token_ids = torch.randint(num_codes, (number, 1, needs.num_tokens))
    write_token_cache(folder, token_ids, [f'{i}.png' for i in range(number)], num_codes)
    return dict(type=dataset['type'], data_root=str(folder), num_codes=num_codes)


def label_maps(dataset: dict, needs: StandInNeeds, suffixes: tuple[str, str]) -> dict:
    """Pictures with label maps of two values, for the same class of data set."""
    folder, rng = needs.folder / 'segmentation', np.random.default_rng(0)
    for index in range(NUM_IMAGES):
        for kind, suffix, shape, high in (
            ('images', suffixes[0], (HEIGHT, WIDTH, 3), 256),
            ('labels', suffixes[1], (HEIGHT, WIDTH), 2),
        ):
            path = folder / kind / f'{index}{suffix}'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, high, shape, dtype=np.uint8)).save(path)
    (folder / 'names.txt').write_text(''.join(f'{index}\n' for index in range(NUM_IMAGES)))
    prefix = dict(img_path='images', seg_map_path='labels')
    changes = dict(data_root=str(folder), data_prefix=prefix)
    if dataset.get('ann_file'):
        changes['ann_file'] = 'names.txt'
    return _repeated({**dataset, **changes}, needs)


def coco(dataset: dict, needs: StandInNeeds) -> dict:
    """Pictures with three rectangular objects each, for the same class of data set."""
    folder = needs.folder / 'coco'
    names = _write_images(folder)
    images = [dict(id=i, file_name=n, height=HEIGHT, width=WIDTH) for i, n in enumerate(names)]
    classes = coco_classes(dataset, 'dataset')
    annotations = []
    for index in range(3 * NUM_IMAGES):
        left, top = WIDTH // 3 * (index % 3), HEIGHT // 8
        right, bottom = left + WIDTH // 5, top + (HEIGHT - top) * (index + 1) // (3 * NUM_IMAGES)
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
    changes = dict(data_root=str(folder), ann_file=COCO_FILE, data_prefix=dict(img=''))
    return _repeated({**dataset, **changes}, needs)


def refuse(dataset: dict, needs: StandInNeeds) -> dict:
    """Say that there is no stand-in.

    Raises:
        ValueError: Always.
    """
    raise ValueError(
        f'--dry-run has no random stand-in for a data set of type {type_name(dataset)}: give it '
        'the data.'
    )


def _write_images(folder: Path) -> list[str]:
    """Write random pictures in two class folders; return their names."""
    rng = np.random.default_rng(0)
    names = [f'class{index % 2}/{index}.png' for index in range(NUM_IMAGES)]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return names


def _repeated(dataset: dict, needs: StandInNeeds) -> dict:
    times = -(-needs.num_samples // NUM_IMAGES)
    return dict(type='mmengine.RepeatDataset', times=times, dataset=dataset)
