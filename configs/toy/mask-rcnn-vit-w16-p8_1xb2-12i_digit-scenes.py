# Toy of Mask R-CNN's training, from scratch, on scenes of 64 pixels.
# It learns nothing of use: it is there to try out the machinery in seconds, without a download.
#   python tools/train.py CONFIG   after preparing the data: parts_digits.py
_base_ = '../quickstart/mask-rcnn-vit-w96-p8_1xb4-700i_digit-scenes.py'
width = 16
side = 64
max_iters = 12
data_root = 'work_dirs/toy/digits/detection/'
truth = data_root + 'annotations/instances_val.json'
extractor = dict(out_channels=width)

model = dict(
    data_preprocessor=dict(pad_size_divisor=side),
    backbone=dict(
        arch=dict(embed_dims=width, num_layers=2, num_heads=2, feedforward_channels=2 * width),
        input_size=side,
        global_indices=(1,),
        drop_path_rate=0.2,
        init_cfg=None,
    ),
    neck=dict(in_channels=width, out_channels=width),
    rpn_head=dict(in_channels=width, feat_channels=width),
    roi_head=dict(
        bbox_roi_extractor=extractor,
        bbox_head=dict(in_channels=width, fc_out_channels=width),
        mask_roi_extractor=extractor,
        mask_head=dict(num_convs=1, in_channels=width, conv_out_channels=width),
    ),
    train_cfg=dict(rpn_proposal=dict(max_per_img=20), rcnn=dict(sampler=dict(num=16))),
    test_cfg=dict(rpn=dict(max_per_img=20), rcnn=dict(max_per_img=5)),
)
train_pipeline = _base_.train_pipeline
train_pipeline[3].update(scale=(side, side))
train_pipeline[4].update(crop_size=(side, side))
test_pipeline = _base_.test_pipeline
test_pipeline[2].update(scale=(side, side))
train_dataloader = dict(
    batch_size=2, num_workers=0, dataset=dict(data_root=data_root, pipeline=train_pipeline)
)
val_dataloader = dict(
    batch_size=2, num_workers=0, dataset=dict(data_root=data_root, pipeline=test_pipeline)
)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=truth)
test_evaluator = val_evaluator
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=4),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=4, end=max_iters),
]
train_cfg = dict(max_iters=max_iters, val_interval=4)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=4, max_keep_ckpts=3))
