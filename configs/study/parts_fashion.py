# Fashion-MNIST in class folders, as tools/study.py writes it: grey, 32 pixels; parts of at least
# 80 % of each picture, not mirrored, since all shoes show one way. The test pictures are whole.
_base_ = '../own/parts_pictures.py'

load = dict(type='mmaddp.LoadChannels', num_channels=1)
train_pipeline = [
    load,
    dict(
        type='RandomResizedCrop',
        scale=32,
        crop_ratio_range=(0.8, 1.0),
        backend='pillow',
        interpolation='bicubic',
    ),
    dict(type='PackInputs'),
]
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        dataset=dict(data_root='work_dirs/study/base/data/train', pipeline=train_pipeline)
    ),
)
val_pipeline = [load, dict(type='PackInputs')]
val_dataloader = dict(
    batch_size=250,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(dataset=dict(data_root='work_dirs/study/base/data/val', pipeline=val_pipeline)),
)
test_dataloader = val_dataloader
