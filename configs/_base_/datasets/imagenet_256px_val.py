# Validation and test set of ImageNet-1k at 256 pixels: short edge to 256, bilinear, centre crop;
# values as in imagenet_256px.py. Used together with it where a stage is validated on images.
val_pipeline = [
    dict(type='mmaddp.LoadRGBImage', ignore_orientation=True),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow', interpolation='bilinear'),
    dict(type='CenterCrop', crop_size=256),
    dict(type='PackInputs'),
]

val_dataloader = dict(
    batch_size=64,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmaddp.SeededDataset',
        seed=0,
        dataset=dict(
            type='ImageNet', data_root='data/imagenet/', split='val', pipeline=val_pipeline
        ),
    ),
)
test_dataloader = val_dataloader
