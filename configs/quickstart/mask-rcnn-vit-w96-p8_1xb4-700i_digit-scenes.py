# Mask R-CNN of the quickstart, on scenes of digits, from the encoder that its ADDP stage has
# trained.
#   tools/quickstart.sh runs it; alone: python tools/train.py CONFIG
# From scratch: --cfg-options model.backbone.init_cfg=None
_base_ = [
    './parts_encoder.py',
    '../_base_/models/mask-rcnn_addp-vit-base.py',
    '../_base_/datasets/digit_scenes_detection_128px.py',
    '../_base_/detection_runtime.py',
]
width = _base_.width
channels = 64
strides = [4, 8, 16]
max_iters = 700
extractor = dict(out_channels=channels, featmap_strides=strides)

model = dict(
    data_preprocessor=dict(pad_size_divisor=128),
    backbone=dict(
        arch=dict(_delete_=True, **_base_.arch),
        img_size=32,
        patch_size=_base_.patch_size,
        input_size=128,
        # A window is what pre-training saw at a time; the last block joins them.
        window_size=4,
        global_indices=(2,),
        drop_path_rate=0.0,
        init_cfg=dict(checkpoint='work_dirs/quickstart/seed0/addp/epoch_40.pth'),
    ),
    neck=dict(in_channels=width, out_channels=channels, scales=(2, 1, 0.5), num_outs=3),
    rpn_head=dict(
        in_channels=channels,
        feat_channels=channels,
        anchor_generator=dict(scales=[4], strides=strides),
    ),
    roi_head=dict(
        bbox_roi_extractor=extractor,
        # Without convolutions, for speed.
        bbox_head=dict(
            type='Shared2FCBBoxHead', in_channels=channels, fc_out_channels=128, num_classes=10
        ),
        mask_roi_extractor=extractor,
        mask_head=dict(
            num_convs=2, in_channels=channels, conv_out_channels=channels, num_classes=10
        ),
    ),
    train_cfg=dict(
        rpn=dict(sampler=dict(num=64)),
        rpn_proposal=dict(nms_pre=200, max_per_img=100),
        rcnn=dict(sampler=dict(num=32)),
    ),
    test_cfg=dict(rpn=dict(nms_pre=200, max_per_img=100), rcnn=dict(max_per_img=20)),
)
# With 8 scenes per step, and with 2, AP was lower after the same time.
train_dataloader = dict(batch_size=4)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
    clip_grad=dict(max_norm=3.0),
    constructor='mmaddp.LayerDecayConstructor',
    paramwise_cfg=dict(layer_decay_rate=0.8, no_decay_norms=True, no_decay_names=('pos_embed',)),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=20),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=20, end=max_iters),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=max_iters, save_best=None, max_keep_ckpts=1)
)
randomness = dict(seed=0)
