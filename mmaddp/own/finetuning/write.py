"""The configuration of a fine-tuning: a short file over one that ships."""

import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from string import Template

from mmaddp.own.finetuning.coco_data import CocoData
from mmaddp.own.finetuning.encoder import Encoder
from mmaddp.own.finetuning.labelled import Labelled
from mmaddp.own.finetuning.map_data import MapData
from mmaddp.own.finetuning.plan import Plan
from mmaddp.own.write import SECONDS_BETWEEN_CHECKPOINTS, STEPS_BETWEEN_LOG_LINES

_HEAD = """\
# $what
# Written by mmaddp finetune; what you change here is used by the same command. Training alone:
#   $command
_base_ = 'mmaddp::quickstart/$base.py'

classes = $classes
"""
_CLASSIFY = """
train_pipeline = [
    dict(type='mmaddp.LoadRGBImage'),
    dict(
        type='RandomResizedCrop',
        scale=$side,
        crop_ratio_range=(0.6, 1.0),
        backend='pillow',
        interpolation='bicubic',
    ),
$flip    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='mmaddp.LoadRGBImage'),
    dict(type='ResizeEdge', scale=$side, edge='short', backend='pillow', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=$side),
    dict(type='PackInputs'),
]
train_dataloader = dict(
    batch_size=$batch,
    dataset=dict(
        dataset=dict(
            data_root=$data,
            data_prefix='',
            ann_file=$train,
            classes=classes,
            pipeline=train_pipeline,
        )
    ),
)
val_dataloader = dict(
    dataset=dict(
        dataset=dict(
            data_root=$data,
            data_prefix='',
            ann_file=$val,
            classes=classes,
            pipeline=test_pipeline,
        )
    )
)
test_dataloader = val_dataloader
data_preprocessor = dict(num_classes=len(classes))

model = dict(
    backbone=dict(
        arch=$arch,
        img_size=$side,
        patch_size=$patch,
        drop_path_rate=$drop_path,
        init_cfg=dict(checkpoint=$checkpoint),
    ),
    head=dict(num_classes=len(classes), in_channels=$width),
)
param_scheduler = dict(warmup=$warmup)
default_hooks = dict(logger=dict(interval=$log), checkpoint=dict(interval=$keep_epochs))
train_cfg = dict(max_epochs=$epochs, val_interval=$epochs)
"""
_DETECT = """
image_size = ($side, $side)
train_pipeline = [
    dict(type='mmaddp.CheckImageFile'),
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=$with_mask),
    dict(type='RandomResize', scale=image_size, ratio_range=(0.7, 1.4), keep_ratio=True),
    dict(
        type='RandomCrop',
        crop_size=image_size,
        recompute_bbox=$with_mask,
        allow_negative_crop=True,
    ),
    dict(type='FilterAnnotations', min_gt_bbox_wh=(1, 1), keep_empty=False),
$flip    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='mmaddp.CheckImageFile'),
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=image_size, keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=$with_mask),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
    ),
]
data = dict(data_root=$data, data_prefix=dict(img=''), metainfo=dict(classes=classes))
train_dataloader = dict(
    batch_size=$batch, dataset=dict(ann_file=$train, pipeline=train_pipeline, **data)
)
val_dataloader = dict(
    batch_size=1, dataset=dict(ann_file=$val, pipeline=test_pipeline, **data)
)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=$val, metric=$metric)
test_evaluator = val_evaluator

strides = $strides
extractor = dict(featmap_strides=strides)
model = dict($detector
    data_preprocessor=dict(pad_size_divisor=$side),
    backbone=dict(
        arch=$arch,
        img_size=$img_size,
        patch_size=$patch,
        input_size=$side,
        # A window is what pre-training saw at a time.
        window_size=$grid,
        global_indices=$joined,
        drop_path_rate=$drop_path,
        init_cfg=dict(checkpoint=$checkpoint),
    ),
    neck=dict(in_channels=$width, scales=$scales, num_outs=len(strides)),
    rpn_head=dict(anchor_generator=dict(strides=strides)),
    roi_head=dict(
        bbox_roi_extractor=extractor,
        bbox_head=dict(num_classes=len(classes)),
$masks    ),
)
optim_wrapper = dict(
    optimizer=dict(lr=$rate), paramwise_cfg=dict(layer_decay_rate=$layer_decay)
)
"""
_SEGMENT = """
crop_size = ($crop, $crop)
scale = ($long, $side)
train_pipeline = [
    dict(type='mmaddp.CheckImageFile'),
    dict(type='LoadImageFromFile'),
    dict(type='mmaddp.CheckLabelMap'),
    dict(type='LoadAnnotations'),
    dict(type='RandomResize', scale=scale, ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
$flip    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='mmaddp.CheckImageFile'),
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='mmaddp.CheckLabelMap'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
data = dict(
    data_root=$data,
    data_prefix=dict(img_path='images', seg_map_path='labels'),
    img_suffix=$suffix,
    reduce_zero_label=False,
    metainfo=dict(_delete_=True, classes=classes),
)
train_dataloader = dict(
    batch_size=$batch, dataset=dict(ann_file=$train, pipeline=train_pipeline, **data)
)
val_dataloader = dict(batch_size=1, dataset=dict(ann_file=$val, pipeline=test_pipeline, **data))
test_dataloader = val_dataloader

loss = dict(_delete_=True, type='CrossEntropyLoss', avg_non_ignore=True)
model = dict(
    data_preprocessor=dict(size=crop_size),
    backbone=dict(
        arch=$arch,
        img_size=crop_size,
        patch_size=$patch,
        drop_path_rate=$drop_path,
        out_indices=$taps,
        init_cfg=dict(checkpoint=$checkpoint),
    ),
    neck=dict(embed_dim=$width),
    decode_head=dict(
        in_channels=[$width] * 4,
        num_classes=len(classes),
        loss_decode=dict(loss_weight=1.0, **loss),
    ),
    auxiliary_head=dict(
        in_channels=$width,
        num_classes=len(classes),
        loss_decode=dict(loss_weight=0.4, **loss),
    ),
    test_cfg=dict(crop_size=crop_size, stride=($stride, $stride)),
)
optim_wrapper = dict(
    optimizer=dict(lr=$rate), paramwise_cfg=dict(layer_decay_rate=$layer_decay)
)
"""
_BY_EPOCHS = """\
optim_wrapper = dict(
    optimizer=dict(lr=$rate), paramwise_cfg=dict(layer_decay_rate=$layer_decay)
)
"""
_BY_STEPS = """\
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=$warmup_steps),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=$warmup_steps, end=$steps),
]
train_cfg = dict(max_iters=$steps, val_interval=$steps)
default_hooks = dict(
    logger=dict(interval=$log), checkpoint=dict(interval=$keep_steps, max_keep_ckpts=1)
)
"""
_END = 'randomness = dict(seed=$seed)\n'
_BODIES = dict(
    classify=_CLASSIFY + _BY_EPOCHS, detect=_DETECT + _BY_STEPS, segment=_SEGMENT + _BY_STEPS
)
_BASES = dict(
    classify='classifier-vit-w96-p8_addp-40e-pre_1xb50-20e_digits-32px',
    detect='mask-rcnn-vit-w96-p8_1xb4-700i_digit-scenes',
    segment='upernet-vit-w96-p8_1xb8-1800i_digit-scenes',
)
_MASKS = """\
        mask_roi_extractor=extractor,
        mask_head=dict(num_classes=len(classes)),
"""
_NO_MASKS = """\
        mask_roi_extractor=None,
        mask_head=None,
"""
NAMES = dict(classify='Classifier', detect='Detector', segment='Segmentor')


def config_file(out: Path) -> Path:
    """Where the configuration lies."""
    return out / 'configs' / 'finetune.py'


def train_command(out: Path) -> list[str]:
    """Words of the command that trains alone."""
    work_dir = ('--work-dir', str(out / 'train'))
    return ['mmaddp', 'train', str(config_file(out)), *work_dir, '--resume']


def config_text(
    found: Labelled, encoder: Encoder, plan: Plan, out: Path, seconds_per_step: float = math.inf
) -> str:
    """Configuration of a fine-tuning.

    Args:
        found (Labelled): The pictures.
        encoder (Encoder): What it starts from.
        plan (Plan): With its length.
        out (Path): Folder of the whole fine-tuning, absolute.
        seconds_per_step (float): For the interval of checkpoints. Defaults to infinity.
    """
    keep = max(1, int(SECONDS_BETWEEN_CHECKPOINTS / max(seconds_per_step, 1e-6)))
    suffix = 'json' if plan.task == 'detect' else 'txt'
    values: dict[str, object] = dict(
        what=f'{NAMES[plan.task]} of {len(found.classes)} classes.',
        command=' '.join(shlex.join(train_command(out)).splitlines()),
        base=_BASES[plan.task],
        classes=repr(found.classes),
        data=repr(str(found.folder)),
        train=repr(str(out / 'data' / f'train.{suffix}')),
        val=repr(str(out / 'data' / f'val.{suffix}')),
        flip="    dict(type='RandomFlip', prob=0.5),\n" if found.flip else '',
        checkpoint=repr(encoder.checkpoint),
        arch=_arch(encoder),
        img_size=encoder.img_size,
        patch=encoder.patch_size,
        grid=encoder.grid,
        width=encoder.width,
        side=plan.side,
        batch=plan.batch,
        rate=f'{plan.rate:g}',
        layer_decay=plan.layer_decay,
        drop_path=plan.drop_path,
        epochs=plan.epochs,
        steps=plan.steps,
        warmup=max(1, plan.epochs // 20) if plan.epochs > 1 else 0,
        warmup_steps=max(1, plan.steps // 20),
        log=min(STEPS_BETWEEN_LOG_LINES, max(1, plan.steps // 4), plan.steps_per_epoch)
        if plan.task == 'classify'
        else min(STEPS_BETWEEN_LOG_LINES, max(1, plan.steps // 4)),
        keep_steps=min(keep, max(plan.steps, 1)),
        keep_epochs=min(max(1, keep // plan.steps_per_epoch), max(plan.epochs, 1)),
        seed=plan.seed,
    )
    if isinstance(found, CocoData):
        values |= _detection(found, encoder)
    if isinstance(found, MapData):
        values |= _segmentation(found, encoder, plan)
    return Template(_HEAD + _BODIES[plan.task] + _END).substitute(values)


def _arch(encoder: Encoder) -> str:
    if isinstance(encoder.arch, Mapping):
        return repr(dict(_delete_=True, **encoder.arch))
    return repr(encoder.arch)


def _detection(found: CocoData, encoder: Encoder) -> dict[str, object]:
    """Pyramid from a stride of 4 pixels, or half a patch, on; windows; with masks or without."""
    patch = encoder.patch_size
    scales = (4, 2, 1, 0.5) if patch >= 16 else (2, 1, 0.5)
    last = (encoder.depth - 1,)
    without = "\n    type='FasterRCNN',"
    return dict(
        scales=scales,
        strides=[int(patch / scale) for scale in scales],
        joined=None if encoder.depth % 4 == 0 and encoder.depth > 4 else last,
        with_mask=found.with_mask,
        metric=['bbox', 'segm'] if found.with_mask else ['bbox'],
        detector='' if found.with_mask else without,
        masks=_MASKS if found.with_mask else _NO_MASKS,
    )


def _segmentation(found: MapData, encoder: Encoder, plan: Plan) -> dict[str, object]:
    """Crops of twice the size of pre-training, or the whole input; taps at the quarters."""
    crop = min(plan.side, 2 * encoder.img_size)
    taps = [max(0, math.ceil(encoder.depth * quarter / 4) - 1) for quarter in (1, 2, 3, 4)]
    return dict(
        data=repr(str(found.root)),
        suffix=repr(found.suffix),
        crop=crop,
        stride=2 * crop // 3,
        long=4 * plan.side,
        taps=tuple(taps),
    )
