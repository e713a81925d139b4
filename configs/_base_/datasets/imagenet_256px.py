# ImageNet-1k at 256 pixels for pre-training: random resized crop of 20 to 100 % of the area,
# bicubic, and flip; values stay 0..255 here and become 0..1 in the preprocessor, without mean and
# standard deviation. Source: main_pretrain.py of the official ADDP code. Its loader does not apply
# the EXIF orientation, and neither does this.
#
# 8 GPUs x 512 = 4096 images per step; the incomplete last batch is dropped (312 steps per epoch).
# Layout: data/imagenet/{train,val}/{wnid}/*.JPEG.
data_preprocessor = dict(type='mmaddp.ADDPDataPreprocessor')

train_pipeline = [
    dict(type='mmaddp.LoadRGBImage', ignore_orientation=True),
    dict(
        type='RandomResizedCrop',
        scale=256,
        crop_ratio_range=(0.2, 1.0),
        backend='pillow',
        interpolation='bicubic',
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs'),
]

train_dataloader = dict(
    batch_size=512,
    num_workers=8,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='mmaddp.SeededSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmaddp.SeededDataset',
        dataset=dict(
            type='ImageNet', data_root='data/imagenet/', split='train', pipeline=train_pipeline
        ),
    ),
)
