"""The six toy trainings, and what has to be off for one process to train as two.

Drop path, dropout, mixup, masks, and the choice among many boxes are drawn by each process for
itself. Without them, whatever is left must be equal.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import torch

from mmaddp.models.token_predictors.mage_masks import MAGEMasks, MAGEMaskSampler
from mmaddp.registry import TASK_UTILS

TOYS = Path(__file__).parents[2] / 'configs' / 'toy'
FOLDERS = {'mask-rcnn': 'detection', 'upernet': 'segmentation'}
KINDS = ('vqgan', 'mage', 'addp', 'classifier', *FOLDERS)
SIDE = 64  # of a scene


@TASK_UTILS.register_module(force=True)
class SameMasks(MAGEMaskSampler):
    """The same mask for every sample and step."""

    def draw(self, batch_size: int, num_tokens: int, device: torch.device) -> MAGEMasks:
        noise = torch.arange(num_tokens, device=device) * 7 % num_tokens
        return self.split(noise.float().expand(batch_size, -1), 0.7)


# mmdetection's losses are means over the boxes of a process: here all boxes are used, and all
# processes have equally many of each sort.
BOXES = {
    f'model.train_cfg.{name}': value
    for name, value in {
        'rpn.assigner.neg_iou_thr': 0.7,
        'rpn.sampler.num': 100_000,
        'rpn_proposal.nms.iou_threshold': 1.0,
        # What is not the object itself is background.
        'rcnn.assigner.pos_iou_thr': 0.99,
        'rcnn.assigner.neg_iou_thr': 0.99,
        'rcnn.assigner.min_pos_iou': 0.99,
        'rcnn.sampler.num': 100_000,
    }.items()
}
# Averaged, not summed, over the pixels of a process; without class weights.
PIXELS = {
    f'model.{head}_head.loss_decode.{name}': value
    for head in ('decode', 'auxiliary')
    for name, value in dict(reduction='mean', class_weight=None, loss_weight=1.0).items()
} | {f'model.{head}_head.dropout_ratio': 0.0 for head in ('decode', 'auxiliary')}
NO_DROP_PATH = {'model.backbone.drop_path_rate': 0.0}
SCENES = 'train_dataloader.dataset.pipeline'
PER_SAMPLE = dict(type='mmaddp.NestedMaskSampler', per_sample=True)
CHANGES: dict[str, dict[str, Any]] = {
    'vqgan': {},
    'mage': {
        'model.mask_sampler': dict(type='mmaddp.SameMasks'),
        'model.token_predictor.drop_rate': 0.0,
    },
    'addp': {'model.target_generator.mask_sampler': PER_SAMPLE},
    'classifier': NO_DROP_PATH | {'model.train_cfg': None},
    'mask-rcnn': NO_DROP_PATH
    | BOXES
    | {
        'train_dataloader.sampler.shuffle': False,
        SCENES: [
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
            dict(type='Resize', scale=(SIDE, SIDE), keep_ratio=True),
            dict(type='PackDetInputs'),
        ],
    },
    'upernet': NO_DROP_PATH
    | PIXELS
    | {
        SCENES: [
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations'),
            dict(type='PackSegInputs'),
        ]
    },
}


def toy(kind: str, data: Path, **options: Any) -> tuple[Path, dict[str, Any]]:
    """File of a toy training, and options that give it the data of a folder and a large epsilon.

    Names in ``options`` have two underscores for a dot.
    """
    (path,) = TOYS.glob(f'{kind}-*i_*.py' if kind in FOLDERS else f'{kind}-*e_*.py')
    root = f'{data / FOLDERS.get(kind, "classification")}/'
    place = 'data_root' if kind in FOLDERS else 'dataset.data_root'
    splits = ('train',) if kind == 'addp' else ('train', 'val', 'test')
    changes: dict[str, Any] = {f'{split}_dataloader.dataset.{place}': root for split in splits}
    if kind == 'mask-rcnn':
        truth = f'{root}annotations/instances_val.json'
        changes |= {f'{split}_evaluator.ann_file': truth for split in ('val', 'test')}
    # A gradient that is zero but for rounding must not become a whole step, as in Adam's first.
    parts = ('generator.', 'discriminator.') if kind == 'vqgan' else ('',)
    changes |= {f'optim_wrapper.{part}optimizer.eps': 1e-3 for part in parts}
    return path, changes | {name.replace('__', '.'): value for name, value in options.items()}


def without_draws(kind: str, data: Path) -> dict[str, Any]:
    """Options that switch off what a process draws for itself."""
    pairs = {'train_dataloader.dataset.indices': equal_pairs(data)} if kind == 'mask-rcnn' else {}
    return CHANGES[kind] | pairs


def equal_pairs(data: Path) -> list[int]:
    """Numbers of scenes, in pairs that hold equally many objects."""
    truth = json.loads((data / 'detection/annotations/instances_train.json').read_text())
    counts = Counter(item['image_id'] for item in truth['annotations'])
    pairs: list[int] = []
    waiting: dict[int, int] = {}
    for index, image in enumerate(truth['images']):
        objects = counts[image['id']]
        if objects in waiting:
            pairs += [waiting.pop(objects), index]
        else:
            waiting[objects] = index
    return pairs
