"""A few scenes of digits, and a segmentor of toy width for them."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from toy_data import copy_digits
from toy_models import toy_upernet

from mmaddp.registry import MODELS

ROOT = Path(__file__).parents[1]
BASES = ('datasets/digit_scenes_segmentation_128px.py', 'schedules/upernet_adamw_poly_160k.py')
SIDE = 64


def make_scenes(folder: Path, train: int = 4, val: int = 3) -> Path:
    """Write the three data sets below a folder; scenes of 64 pixels."""
    return copy_digits(folder, 16, train=train, val=val)


def write_segmentation_config(folder: Path, data: Path) -> Path:
    """Write the configuration of a toy segmentor: no worker processes, two steps."""
    loaders = '\n'.join(
        f'{split}_dataloader = dict(batch_size=2, num_workers=0, '
        f'dataset=dict(data_root={str(data / "segmentation")!r}))'
        for split in ('train', 'val', 'test')
    )
    bases = [str(ROOT / 'configs' / '_base_' / base) for base in BASES]
    file = folder / 'toy_segmentation.py'
    file.write_text(
        f'_base_ = {[*bases, "mmseg::_base_/default_runtime.py"]!r}\n'
        f'model = {toy_upernet(num_classes=11)!r}\n{loaders}\n'
        'train_cfg = dict(max_iters=2, val_interval=2)\n'
        'default_hooks = dict(checkpoint=dict(save_best=None))\n'
    )
    return file


def save_segmentor(config: Path, file: Path) -> Path:
    """Save an untrained segmentor of a configuration."""
    cfg = Config.fromfile(config)
    torch.manual_seed(0)
    init_default_scope('mmseg')
    model = MODELS.build(cfg.model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), file)
    return file
