# ImageNet-1k at 256 pixels for fine-tuning. Numbers of the official main_finetune.py:
# rand-m9-mstd0.5-inc1, random erasing 0.25 of pixels, crop of 8 to 100 % of the area, bicubic; test
# images with the short edge at 256 (crop_pct 1).
#
# 8 GPUs x 128 = 1024 images per step. Layout: data/imagenet/{train,val}/{wnid}/*.JPEG, or lines
# "path class" in data/imagenet/meta/{train,val}.txt. Images are RGB from loading to the network.
mean, std = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
data_preprocessor = dict(
    type='ClsDataPreprocessor', num_classes=1000, mean=mean, std=std, to_rgb=False
)

train_pipeline = [
    dict(type='mmaddp.LoadRGBImage', ignore_orientation=True),
    dict(type='RandomResizedCrop', scale=256, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', prob=0.5),
    # RandAugment's grey conversion assumes BGR: there and back again.
    dict(type='mmaddp.SwapRedBlue'),
    dict(
        type='RandAugment',
        policies='timm_increasing',
        num_policies=2,
        total_level=10,
        magnitude_level=9,
        magnitude_std=0.5,
        hparams=dict(pad_val=[104, 116, 124], interpolation='bicubic'),
    ),
    dict(type='mmaddp.SwapRedBlue'),
    dict(
        type='RandomErasing',
        erase_prob=0.25,
        mode='rand',
        min_area_ratio=0.02,
        max_area_ratio=1 / 3,
        fill_color=mean,
        fill_std=std,
    ),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='mmaddp.LoadRGBImage', ignore_orientation=True),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=256),
    dict(type='PackInputs'),
]

train_dataloader = dict(
    batch_size=128,
    num_workers=8,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='mmaddp.SeededSampler', shuffle=True),
    dataset=dict(
        type='mmaddp.SeededDataset',
        dataset=dict(
            type='mmaddp.ImageNet',
            data_root='data/imagenet/',
            split='train',
            pipeline=train_pipeline,
        ),
    ),
)
# The metrics leave out what pads the last batch of several ranks, so they are exact.
val_dataloader = dict(
    batch_size=128,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmaddp.SeededDataset',
        seed=0,
        dataset=dict(
            type='mmaddp.ImageNet',
            data_root='data/imagenet/',
            split='val',
            pipeline=test_pipeline,
        ),
    ),
)
val_evaluator = dict(type='Accuracy', topk=(1, 5))
val_cfg = dict()
test_dataloader = val_dataloader
test_evaluator = val_evaluator
test_cfg = dict()

# Test-time augmentation, tools/test.py --tta: the mean over the image and its mirror image.
tta_model = dict(type='AverageClsScoreTTA')
tta_pipeline = [
    *test_pipeline[:-1],
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
            [test_pipeline[-1]],
        ],
    ),
]
