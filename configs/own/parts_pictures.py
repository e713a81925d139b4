# A folder of pictures as mmaddp pretrain prepares it, at 64 pixels: a part of each picture and, in
# half of the cases, its mirror image; for validation the whole of its middle. Grey pictures become
# three equal channels. Only defines data.
data_preprocessor = dict(type='mmaddp.ADDPDataPreprocessor')

train_pipeline = [
    dict(type='mmaddp.LoadRGBImage'),
    dict(
        type='RandomResizedCrop',
        scale=64,
        crop_ratio_range=(0.6, 1.0),
        backend='pillow',
        interpolation='bicubic',
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='mmaddp.SeededSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmaddp.SeededDataset',
        dataset=dict(
            type='mmaddp.CustomDataset',
            data_root='work_dirs/own/data/train',
            with_label=False,
            pipeline=train_pipeline,
        ),
    ),
)

val_pipeline = [
    dict(type='mmaddp.LoadRGBImage'),
    dict(type='ResizeEdge', scale=64, edge='short', backend='pillow', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=64),
    dict(type='PackInputs'),
]
val_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmaddp.SeededDataset',
        seed=0,
        dataset=dict(
            type='mmaddp.CustomDataset',
            data_root='work_dirs/own/data/val',
            with_label=False,
            pipeline=val_pipeline,
        ),
    ),
)
test_dataloader = val_dataloader
