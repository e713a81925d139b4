"""Toy models and pictures that the tests of analysis share."""

from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from PIL import Image

from mmaddp.registry import MODELS

TOYS = Path(__file__).resolve().parents[3] / 'configs' / 'toy'
(ADDP,) = TOYS.glob('addp-*_digits-32px.py')


def write_pictures(folder: Path, count: int = 6) -> Path:
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = rng.integers(0, 256, (40, 60, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f'{number}.png')
    return folder


def make_pretraining(folder: Path) -> Path:
    """A folder as a pre-training leaves it: config and checkpoint, untrained."""
    folder.mkdir(parents=True)
    cfg = Config.fromfile(ADDP)
    cfg.dump(folder / ADDP.name)
    torch.manual_seed(0)
    model = MODELS.build(dict(cfg.model, _scope_='mmaddp'))
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), folder / 'epoch_1.pth')
    return folder
