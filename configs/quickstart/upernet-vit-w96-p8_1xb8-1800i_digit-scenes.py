# UperNet of the quickstart, on scenes of digits, from the encoder that its ADDP stage has trained.
#   tools/quickstart.sh runs it; alone: python tools/train.py CONFIG
# From scratch: --cfg-options model.backbone.init_cfg=None
# Crops of half a scene, and a window of that size in testing: many short steps teach more here than
# few long ones.
_base_ = [
    './parts_encoder.py',
    '../_base_/models/upernet_addp-vit-base.py',
    '../_base_/datasets/digit_scenes_segmentation_128px.py',
    '../_base_/schedules/upernet_adamw_poly_160k.py',
    'mmseg::_base_/default_runtime.py',
]
width = _base_.width
channels = 48
crop_size = (64, 64)
max_iters = 1800
warmup_iters = 20
# Nine pixels in ten are background, and each digit has one in a hundred: without class weights,
# nothing but background is learnt in this time. With them, mmsegmentation 1.2.2 cannot average
# where pixels are ignored, but it can sum; loss_weight is about one over the sum of the weights of
# 8 crops, times the usual 0.4 in the auxiliary head.
balanced = dict(class_weight=[0.1] + [1.0] * 10, reduction='sum')
head = dict(channels=channels, num_classes=11)

model = dict(
    data_preprocessor=dict(size=crop_size),
    backbone=dict(
        arch=dict(_delete_=True, **_base_.arch),
        img_size=crop_size,
        patch_size=_base_.patch_size,
        drop_path_rate=0.0,
        # Four maps are needed, but there are only three layers.
        out_indices=(0, 1, 2, 2),
        init_cfg=dict(checkpoint='work_dirs/quickstart/seed0/addp/epoch_40.pth'),
    ),
    # The finest map has stride 4, as at full size.
    neck=dict(embed_dim=width, rescales=[2, 1, 0.5, 0.25]),
    decode_head=dict(
        in_channels=[width] * 4, loss_decode=dict(loss_weight=1.5e-4, **balanced), **head
    ),
    auxiliary_head=dict(
        in_channels=width, loss_decode=dict(loss_weight=0.6e-4, **balanced), **head
    ),
    test_cfg=dict(crop_size=crop_size, stride=(43, 43)),
)
train_pipeline = [
    dict(type='mmaddp.CheckImageFile'),
    dict(type='LoadImageFromFile'),
    dict(type='mmaddp.CheckLabelMap'),
    dict(type='LoadAnnotations'),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
    clip_grad=dict(max_norm=3.0),
    constructor='mmaddp.LayerDecayConstructor',
    paramwise_cfg=dict(layer_decay_rate=0.75, no_decay_vectors=True),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=warmup_iters),
    dict(type='PolyLR', eta_min=0.0, power=1.0, by_epoch=False, begin=warmup_iters, end=max_iters),
]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=max_iters, save_best=None))
visualizer = dict(alpha=0.5)
randomness = dict(seed=0)
