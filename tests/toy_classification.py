"""A classifier and labelled images small enough for every test."""

import itertools
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image
from toy_models import WIDTH, toy_vit

import mmaddp.datasets
import mmaddp.engine
import mmaddp.evaluation  # noqa: F401

FOLDER = Path(__file__).parents[1] / 'configs' / 'quickstart'
(CONFIG,) = FOLDER.glob('classifier-vit-w96-p8_addp-*.py')
CLASSES = ('cat', 'dog', 'owl')
COUNTS = (5, 4, 4)
_count = itertools.count()


def write_images(root: Path, counts=COUNTS, size=32) -> Path:
    """Write ``{split}/{class}/{number}.png``: each class has its own brightness."""
    rng = np.random.default_rng(0)
    for split in ('train', 'val'):
        for level, (name, count) in enumerate(zip(CLASSES, counts)):
            folder = root / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 86, (size, size, 3)) + 85 * level
                Image.fromarray(pixels.astype(np.uint8)).save(folder / f'{number}.png')
    return root


def toy_config(root: Path, work_dir: Path, **options) -> Config:
    """The quickstart's configuration at toy width, on the images of a folder, untrained."""
    cfg = Config.fromfile(CONFIG)
    cfg.model.backbone = dict(toy_vit(pre_norm=False, final_norm=False), out_type='avg_featmap')
    changes = {
        'model.head.in_channels': WIDTH,
        'model.head.num_classes': len(CLASSES),
        'data_preprocessor.num_classes': len(CLASSES),
        'train_dataloader.batch_size': 4,
        'train_cfg': dict(by_epoch=True, max_epochs=1),
        'param_scheduler.warmup': 0,
        'work_dir': str(work_dir),
        'log_level': 'WARNING',
        'experiment_name': f'toy_classifier{next(_count)}',
    }
    for name in ('train', 'val', 'test'):
        place = f'{name}_dataloader.'
        changes |= {place + 'num_workers': 0, place + 'persistent_workers': False}
        changes |= {place + 'dataset.dataset.data_root': str(root)}
    cfg.merge_from_dict(changes | options)
    return cfg


def save_weights(cfg: Config, file: Path) -> Path:
    """Save the untrained model of a configuration as a checkpoint."""
    torch.manual_seed(0)
    model = Runner.from_cfg(cfg).model
    with torch.no_grad():
        model.head.fc.weight.normal_()
    torch.save(dict(state_dict=model.state_dict()), file)
    return file
