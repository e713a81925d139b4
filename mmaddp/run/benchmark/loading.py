"""Benchmark of what a training's data pipeline loads per core."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from PIL import Image
from torch.utils.data import DataLoader

from mmaddp.run.benchmark.models import SEED, configured, trains_on_tokens
from mmaddp.run.benchmark.settings import TORCHVISION, Settings
from mmaddp.run.benchmark.work import OURS, Work
from mmaddp.run.data_kinds import kind_of
from mmaddp.run.inputs import datasets
from mmaddp.run.stand_in_data import StandInNeeds
from mmaddp.utils.config_types import type_name

# A usual picture of ImageNet, and how many different ones are read at least.
HEIGHT, WIDTH, NUM_PICTURES, QUALITY = 375, 500, 64, 90
NUM_TOKENS = 256
# timm's words for the official fine-tuning's augmentation (main_finetune.py).
AUGMENTATION = dict(auto_augment='rand-m9-mstd0.5-inc1', re_prob=0.25, re_mode='pixel', re_count=1)


def loading(settings: Settings) -> Work:
    """Stacked batches of a training's data loader, without worker processes: one core's work.

    JPEG pictures of 500 x 375 are made in place of the configured data. The other variant reads the
    same pictures with torchvision's ImageFolder, as the official code does; where the pipeline
    augments more than by crops and flips, through timm.
    """
    cfg = configured(settings)
    (_, dataset), *_ = datasets(cfg, ('train_dataloader',))
    pipeline = list(dataset.get('pipeline') or [])
    number = max(NUM_PICTURES, settings.batch)
    held = tempfile.TemporaryDirectory(prefix='mmaddp_benchmark_')
    folder = Path(held.name)
    if not trains_on_tokens(cfg):
        write_pictures(folder, number)
    _use(dataset, folder, number)
    batches = _endless(_loader(cfg, settings.batch))
    variants = {OURS: partial(next, batches)}
    if settings.against == TORCHVISION:
        other = DataLoader(torchvision_dataset(folder, pipeline), settings.batch, shuffle=True)
        variants[TORCHVISION] = partial(next, _endless(other))
    return Work(variants, items=settings.batch, unit='samples', holds=held)


def write_pictures(folder: Path, number: int) -> None:
    """Write JPEG pictures with structure of all sizes into two class folders."""
    rng = np.random.default_rng(SEED)
    for index in range(number):
        picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        for cells in (3, 12, 48, 192):
            noise = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
            picture += np.asarray(noise.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)) / 4
        file = folder / 'train' / f'class{index % 2}' / f'{index}.jpg'
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.astype(np.uint8)).save(file, quality=QUALITY)


def torchvision_dataset(folder: Path, pipeline: list[dict]) -> Any:
    """The official loading of pictures, with the sizes of a pipeline of ours."""
    from torchvision import datasets as tv_datasets
    from torchvision import transforms

    crop = next((step for step in pipeline if type_name(step) == 'RandomResizedCrop'), None)
    if crop is None:
        raise ValueError(
            "torchvision's pipeline crops at random sizes; this configuration's has no "
            'RandomResizedCrop to compare with.'
        )
    if any(type_name(step) == 'RandAugment' for step in pipeline):
        from timm.data import create_transform

        transform = _Redrawn(
            create_transform(
                crop['scale'],
                is_training=True,
                color_jitter=None,
                interpolation='bicubic',
                **AUGMENTATION,
            )
        )
    else:
        transform = transforms.Compose(
            [
                transforms.RandomResizedCrop(
                    crop['scale'],
                    scale=crop.get('crop_ratio_range', (0.08, 1.0)),
                    interpolation=transforms.InterpolationMode.BICUBIC,
                ),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
            ]
        )
    return tv_datasets.ImageFolder(str(folder / 'train'), transform)


class _Redrawn:
    """Draws augmentation again where Pillow 13 refuses it: timm posterizes to no bits at times."""

    def __init__(self, transform: Callable[[Any], Any]) -> None:
        self.transform = transform

    def __call__(self, picture: Any) -> Any:
        while True:
            try:
                return self.transform(picture)
            except ValueError:
                continue


def _use(dataset: dict, folder: Path, number: int) -> None:
    """Replace the data of a configured data set by pictures, or by a token cache."""
    if type_name(dataset) == 'TokenDataset':
        stand_in = kind_of(dataset).stand_in(dataset, StandInNeeds(folder, number, NUM_TOKENS))
    else:
        stand_in = dict(
            type='mmpretrain.CustomDataset',
            data_root=str(folder / 'train'),
            pipeline=dataset['pipeline'],
        )
    dataset.clear()
    dataset.update(stand_in)


def _loader(cfg: Config, batch: int) -> DataLoader:
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    settings = dict(cfg.train_dataloader, num_workers=0, persistent_workers=False)
    settings |= dict(batch_size=batch, drop_last=True, pin_memory=False)
    settings.pop('prefetch_factor', None)
    return Runner.build_dataloader(settings, seed=SEED)


def _endless(loader: DataLoader) -> Iterator[Any]:
    """Batches of one epoch after another."""
    for epoch in count():
        set_epoch = getattr(loader.sampler, 'set_epoch', None)
        if set_epoch is not None:
            set_epoch(epoch)
        yield from loader
