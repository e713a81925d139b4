# ViTDet's training cut to 12 epochs of COCO, with the learning-rate steps at the same fractions.
_base_ = './vitdet_adamw_184375i.py'
max_iters = _base_.max_iters * 12 // 100

param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=250),
    dict(
        type='MultiStepLR',
        by_epoch=False,
        milestones=[max_iters * 8 // 9, max_iters * 26 // 27],
        gamma=0.1,
    ),
]
train_cfg = dict(max_iters=max_iters)
