"""What the configurations of fine-tunings consist of; ``$name`` is filled in by ``write.py``."""

HEAD = """\
# $what
# Written by mmaddp finetune; what you change here is used by the same command. Training alone:
#   $command
_base_ = 'mmaddp::quickstart/$base.py'

classes = $classes
"""
CLASSIFY = """
train_pipeline = [
    $load,
    dict(
        type='RandomResizedCrop',
        scale=$side,
        crop_ratio_range=(0.6, 1.0),
        $resize,
    ),
$flip    dict(type='PackInputs'),
]
test_pipeline = [
    $load,
    dict(type='ResizeEdge', scale=$side, edge='short', $resize),
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
data_preprocessor = dict(num_classes=len(classes)$levels)

model = dict(
    backbone=dict(
        arch=$arch,
        img_size=$side,
        patch_size=$patch,$in_channels
        drop_path_rate=$drop_path,
        pre_norm=$pre_norm,
        init_cfg=dict(checkpoint=$checkpoint, allow_unexpected=$left_over),
    ),
    head=dict(num_classes=len(classes), in_channels=$width),
)
param_scheduler = dict(warmup=$warmup)
default_hooks = dict(logger=dict(interval=$log), checkpoint=dict(interval=$keep_epochs))
train_cfg = dict(max_epochs=$epochs, val_interval=$epochs)
"""
DETECT = """
image_size = ($side, $side)
train_pipeline = [
$read    dict(type='LoadAnnotations', with_bbox=True, with_mask=$with_mask),
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
$read    dict(type='Resize', scale=image_size, keep_ratio=True),
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
    data_preprocessor=dict(pad_size_divisor=$side$levels),
    backbone=dict(
        arch=$arch,
        img_size=$img_size,
        patch_size=$patch,$in_channels
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
SEGMENT = """
crop_size = ($crop, $crop)
scale = ($long, $side)
train_pipeline = [
$read    dict(type='mmaddp.CheckLabelMap'),
    dict(type='LoadAnnotations'),
    dict(type='RandomResize', scale=scale, ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
$flip$distort    dict(type='PackSegInputs'),
]
test_pipeline = [
$read    dict(type='Resize', scale=scale, keep_ratio=True),
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

# Rare classes count more. mmsegmentation cannot average weighted pixels where some are ignored, but
# it can sum: loss_weight is about one over the sum of the weights of a batch.
loss = dict(
    _delete_=True, type='CrossEntropyLoss', class_weight=$weights, reduction='sum'
)
model = dict(
    data_preprocessor=dict(size=crop_size$levels),
    backbone=dict(
        arch=$arch,
        img_size=crop_size,
        patch_size=$patch,$in_channels
        drop_path_rate=$drop_path,
        out_indices=$taps,
        init_cfg=dict(checkpoint=$checkpoint),
    ),
    neck=dict(embed_dim=$width),
    decode_head=dict(
        in_channels=[$width] * 4,
        num_classes=len(classes),
        loss_decode=dict(loss_weight=$loss, **loss),
    ),
    auxiliary_head=dict(
        in_channels=$width,
        num_classes=len(classes),
        loss_decode=dict(loss_weight=$auxiliary_loss, **loss),
    ),
    test_cfg=dict(crop_size=crop_size, stride=($stride, $stride)),
)
optim_wrapper = dict(
    optimizer=dict(lr=$rate), paramwise_cfg=dict(layer_decay_rate=$layer_decay)
)
"""
BY_EPOCHS = """\
optim_wrapper = dict(
    optimizer=dict(lr=$rate), paramwise_cfg=dict(layer_decay_rate=$layer_decay)
)
"""
BY_STEPS = """\
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=$warmup_steps),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=$warmup_steps, end=$steps),
]
train_cfg = dict(max_iters=$steps, val_interval=$steps)
default_hooks = dict(
    logger=dict(interval=$log), checkpoint=dict(interval=$keep_steps, max_keep_ckpts=1)
)
"""
END = 'randomness = dict(seed=$seed)\n'
BODIES = dict(classify=CLASSIFY + BY_EPOCHS, detect=DETECT + BY_STEPS, segment=SEGMENT + BY_STEPS)
BASES = dict(
    classify='classifier-vit-w96-p8_addp-40e-pre_1xb50-20e_digits-32px',
    detect='mask-rcnn-vit-w96-p8_1xb4-700i_digit-scenes',
    segment='upernet-vit-w96-p8_1xb8-1800i_digit-scenes',
)
MASKS = """\
        mask_roi_extractor=extractor,
        mask_head=dict(num_classes=len(classes)),
"""
NO_MASKS = """\
        mask_roi_extractor=None,
        mask_head=None,
"""
