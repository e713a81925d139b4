# Toy of UperNet's training, from scratch, on scenes of 64 pixels; with group norm, so that
# several processes need not synchronise it.
# It learns nothing of use: it is there to try out the machinery in seconds, without a download.
#   python tools/train.py CONFIG   after preparing the data: parts_digits.py
_base_ = '../quickstart/upernet-vit-w96-p8_1xb8-1800i_digit-scenes.py'
width = 16
max_iters = 12
norm_cfg = dict(_delete_=True, type='GN', num_groups=4)
head = dict(channels=width, norm_cfg=norm_cfg)
sync_bn = None

model = dict(
    backbone=dict(
        arch=dict(embed_dims=width, num_layers=2, num_heads=2, feedforward_channels=2 * width),
        out_indices=(0, 0, 1, 1),
        drop_path_rate=0.2,
        init_cfg=None,
    ),
    neck=dict(embed_dim=width, norm_cfg=norm_cfg),
    decode_head=dict(in_channels=[width] * 4, **head),
    auxiliary_head=dict(in_channels=width, **head),
)
data = dict(data_root='work_dirs/toy/digits/segmentation/')
train_dataloader = dict(batch_size=2, num_workers=0, dataset=data)
val_dataloader = dict(batch_size=2, num_workers=0, dataset=data)
test_dataloader = val_dataloader
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=4),
    dict(type='PolyLR', eta_min=0.0, power=1.0, by_epoch=False, begin=4, end=max_iters),
]
train_cfg = dict(max_iters=max_iters, val_interval=4)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=4, max_keep_ckpts=3))
