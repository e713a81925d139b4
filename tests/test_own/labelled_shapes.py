"""Small labelled pictures for each task, and an untrained encoder to start from."""

import json

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image, ImageDraw

from mmaddp.registry import MODELS
from mmaddp.run.config import read_config

BASE = 'mmaddp::toy/addp-vit-w16-p8_1xb8-3e_digits-32px.py'
KINDS = ('disc', 'box')
SIDE = 40


def save_encoder(folder):
    """Write an untrained ADDP of toy width as a pre-training leaves it; returns the folder."""
    stage = folder / 'addp'
    stage.mkdir(parents=True)
    (stage / 'addp.py').write_text(f'_base_ = {BASE!r}\n')
    config: Config = read_config(stage / 'addp.py')
    init_default_scope(config.default_scope)
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    torch.save(dict(state_dict=model.state_dict(), meta={}), stage / 'epoch_1.pth')
    (stage / 'last_checkpoint').write_text(str(stage / 'epoch_1.pth'))
    return folder


def scene(index):
    """A picture with a disc or a box: picture, label map, corners, kind."""
    rng = np.random.default_rng(index)
    kind = index % 2
    x, y = map(int, rng.integers(0, SIDE // 2, 2))
    corners = (x, y, x + 15, y + 15)
    image = Image.new('RGB', (SIDE, SIDE), tuple(map(int, rng.integers(0, 90, 3))))
    labels = Image.new('L', (SIDE, SIDE))
    for canvas, colour in ((image, tuple(map(int, rng.integers(120, 256, 3)))), (labels, kind + 1)):
        pen = ImageDraw.Draw(canvas)
        (pen.rectangle if kind else pen.ellipse)(corners, fill=colour)
    return image, labels, corners, KINDS[kind]


def write_coco(folder, number=20, masks=False):
    """Write ``images/`` and ``annotations.json``."""
    (folder / 'images').mkdir(parents=True)
    images, annotations = [], []
    for index in range(number):
        image, _, (x, y, *_), kind = scene(index)
        image.save(folder / 'images' / f'{index:03}.png')
        name = f'{index:03}.png'
        images.append(dict(id=index, file_name=name, width=SIDE, height=SIDE))
        annotations.append(
            dict(
                id=index,
                image_id=index,
                category_id=7 + KINDS.index(kind),
                bbox=[x, y, 16, 16],
                area=256,
                iscrowd=0,
                **dict(
                    segmentation=[[x, y, x + 16, y, x + 16, y + 16, x, y + 16]] if masks else []
                ),
            )
        )
    categories = [dict(id=7, name='disc'), dict(id=8, name='box'), dict(id=9, name='unused')]
    content = dict(images=images, annotations=annotations, categories=categories)
    (folder / 'annotations.json').write_text(json.dumps(content))
    return folder


def write_maps(folder, number=20):
    """Write ``images/`` and ``labels/``."""
    for index in range(number):
        image, labels, *_ = scene(index)
        for name, picture in (('images', image), ('labels', labels)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            picture.save(folder / name / f'{index:03}.png')
    return folder
