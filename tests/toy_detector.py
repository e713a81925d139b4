"""Mask R-CNN of the full-size configurations at toy width, and COCO files for it."""

import json
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.registry import MODELS

CONFIGS = Path(__file__).parents[1] / 'configs' / 'detection'
MASK_RCNN = CONFIGS / 'mask-rcnn_addp-vit-base-p16_64xb1-amp-184375i_coco-1024px.py'
(QUICKSTART,) = (CONFIGS.parent / 'quickstart').glob('mask-rcnn-*')
CLASSES = ('cat', 'dog', 'owl')
SIZE = (48, 64)  # height, width


def shrink(model, num_classes: int = len(CLASSES)):
    """Cut a model's configuration to toy width, in place."""
    arch = dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32)
    toy = dict(arch=arch, img_size=64, input_size=64, window_size=3, global_indices=(1,))
    frozen = min(model.backbone.get('frozen_stages', -1), 2)
    model.backbone.update(toy, frozen_stages=frozen, drop_path_rate=0.0, init_cfg=None)
    model.neck.update(in_channels=16, out_channels=8)
    model.rpn_head.update(in_channels=8, feat_channels=8)
    heads = model.roi_head.bbox_head
    for head in heads if isinstance(heads, list) else [heads]:
        head.update(in_channels=8, conv_out_channels=8, fc_out_channels=8, num_classes=num_classes)
    model.roi_head.bbox_roi_extractor.out_channels = 8
    if model.roi_head.mask_head is not None:
        mask_head = dict(in_channels=8, conv_out_channels=8, num_classes=num_classes)
        model.roi_head.mask_head.update(mask_head)
        model.roi_head.mask_roi_extractor.out_channels = 8
    model.data_preprocessor.pad_size_divisor = 64
    model.test_cfg.rcnn.update(score_thr=0.0, max_per_img=5)
    return model


def toy_mask_rcnn(file: Path = MASK_RCNN):
    """Configuration of the model of a file, at toy width."""
    return shrink(Config.fromfile(file).model)


def coco_content() -> dict:
    """Two images with three objects, one per kind of mask, and one image without any."""
    names = ('a.png', 'b.png', 'empty.png')
    height, width = SIZE
    images = [dict(id=i, file_name=n, height=height, width=width) for i, n in enumerate(names)]

    def object_of(number, image, category, mask) -> dict:
        box = dict(bbox=[8, 8, 16, 24], area=16 * 24, segmentation=mask)
        return dict(id=number, image_id=image, category_id=category, iscrowd=0, **box)

    polygon = [[8, 8, 24, 8, 24, 32, 8, 32]]
    runs = [8 * height + 8, *[24, 24] * 15, 24]
    uncompressed = dict(size=[height, width], counts=[*runs, width * height - sum(runs)])
    objects = [
        object_of(1, 0, 10, polygon),
        object_of(2, 0, 20, uncompressed),
        object_of(3, 1, 30, compressed(uncompressed)),
    ]
    categories = [dict(id=10 * (i + 1), name=name) for i, name in enumerate(CLASSES)]
    return dict(images=images, annotations=objects, categories=categories)


def compressed(mask: dict) -> dict:
    """The compressed run-length code of an uncompressed one."""
    from pycocotools.mask import frPyObjects

    code = frPyObjects(mask, *mask['size'])
    return dict(size=mask['size'], counts=code['counts'].decode())


def write_coco(folder: Path, content: dict) -> dict:
    """Write the images and ``objects.json``; return the data set's configuration."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for image in content['images']:
        pixels = rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / image['file_name'])
    (folder / 'objects.json').write_text(json.dumps(content))
    return dict(
        type='CocoDataset',
        data_root=str(folder),
        ann_file='objects.json',
        data_prefix=dict(img=''),
        metainfo=dict(classes=CLASSES),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
            dict(type='PackDetInputs'),
        ],
    )


def write_detection_config(folder: Path, data: Path) -> Path:
    """Write the configuration of the quickstart's detector over a few scenes, two steps long."""
    scenes = data / 'detection'
    truth = str(scenes / 'annotations' / 'instances_val.json')
    lines = [f'_base_ = {str(QUICKSTART)!r}', 'model = dict(backbone=dict(init_cfg=None))']
    for split in ('train', 'val', 'test'):
        dataset = f'dataset=dict(data_root={str(scenes)!r})'
        lines.append(f'{split}_dataloader = dict(batch_size=2, num_workers=0, {dataset})')
    lines += [f'{split}_evaluator = dict(ann_file={truth!r})' for split in ('val', 'test')]
    lines.append('train_cfg = dict(max_iters=2, val_interval=2)')
    file = folder / 'toy_detection.py'
    file.write_text('\n'.join(lines) + '\n')
    return file


def save_detector(config: Path, file: Path) -> Path:
    """Save an untrained detector of a configuration."""
    cfg = Config.fromfile(config)
    torch.manual_seed(0)
    init_default_scope('mmdet')
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), file)
    return file
