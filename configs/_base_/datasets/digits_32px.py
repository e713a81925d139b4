# scikit-learn's handwritten digits at 32 pixels; the quickstart makes them, and so does
#   python tools/dataset_converters/prepare_digits.py --out work_dirs/quickstart/data/digits
# 1,438 pictures for training, 359 for validation. Augmentation: no flip, a small rotation and
# shift in one bilinear resampling, black outside.
data_preprocessor = dict(type='mmaddp.ADDPDataPreprocessor')

train_pipeline = [
    dict(type='mmaddp.LoadRGBImage'),
    dict(type='NumpyToPIL', to_rgb=False),
    dict(
        type='torchvision/RandomAffine',
        degrees=8,
        translate=(0.06, 0.06),
        interpolation='bilinear',
        fill=0,
    ),
    dict(type='PILToNumpy', to_bgr=False),
    dict(type='PackInputs'),
]

train_dataloader = dict(
    batch_size=64,
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='mmaddp.SeededSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmaddp.SeededDataset',
        dataset=dict(
            type='mmaddp.CustomDataset',
            data_root='work_dirs/quickstart/data/digits/classification/',
            data_prefix='train',
            pipeline=train_pipeline,
        ),
    ),
)
