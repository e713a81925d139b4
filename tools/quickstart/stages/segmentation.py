"""Stage of segmentation: UperNet on the scenes, from ADDP's encoder and from scratch."""

from pathlib import Path

import numpy as np
import torch
from digits import CONFIGS, Digits, data_options
from mmengine.config import Config
from PIL import Image

from mmaddp.apis import load
from mmaddp.own.stage import Figure, Picture, Stage
from mmaddp.utils.images import image_grid, read_png, save_png

CONFIG = 'upernet-vit-w96-p8_1xb8-1800i_digit-scenes.py'
NUM_SHOWN = 8


def segment(digits: Digits) -> dict:
    """Train twice for equally long; draw the label maps of both beside the true ones."""
    scenes = digits.pictures.with_name('segmentation')
    options = data_options(scenes, 'dataset.')
    if digits.smoke:
        options |= {'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2}
        options |= {'train_dataloader.batch_size': 2, 'default_hooks.checkpoint.interval': 2}
    runs = {name: (CONFIG, options | weights) for name, weights in digits.starts().items()}
    results = digits.train_several('segmentation', runs)
    draw(digits, scenes)
    figures = {f'miou_{name}': scalars['mIoU'] for name, scalars in results.items()}
    return figures | dict(gain=figures['miou_from_addp'] - figures['miou_from_scratch'])


def draw(digits: Digits, scenes: Path) -> None:
    """Draw the first held-out scenes, their true label maps and those of both trainings."""
    folder = digits.out / 'segmentation'
    files = sorted((scenes / 'images' / 'validation').glob('*.png'))[:NUM_SHOWN]
    truth = [scenes / 'annotations' / 'validation' / file.name for file in files]
    # Files count classes from 1; 0, which is ignored, becomes -1, the last colour.
    maps = [np.asarray(Image.open(file)).astype(int) - 1 for file in truth]
    for name in digits.starts():
        maps += [np.asarray(f['labels']) for f in load(folder / name).segment(files)]
    palette = Config.fromfile(CONFIGS / CONFIG).dataset.metainfo.palette
    colours = torch.tensor([*palette, [255, 255, 255]]) / 255
    painted = [colours[torch.from_numpy(labels)].movedim(-1, 0) for labels in maps]
    sheet = image_grid([*map(read_png, files), *painted], len(files))
    save_png(sheet, folder / 'label_maps.png')


SEGMENTATION = Stage(
    'segmentation',
    segment,
    dict(
        miou_from_addp=Figure('mIoU from ADDP', '{:.1f}'),
        miou_from_scratch=Figure('from scratch', '{:.1f}'),
        gain=Figure('gain by ADDP', '{:.1f}', at_least=1.0),
    ),
    (
        Picture(
            'Segmented scenes',
            'segmentation/label_maps.png',
            'The first held-out scenes, not chosen; their label maps, white where ignored; '
            'what UperNet predicts from ADDP, and from scratch. A colour is a digit.',
        ),
    ),
)
