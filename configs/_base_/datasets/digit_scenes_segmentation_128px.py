# Scenes of handwritten digits over photographs, with a label per pixel; the quickstart makes them,
# and so does
#   python tools/dataset_converters/prepare_digits.py --out work_dirs/quickstart/data/digits
# 800 scenes for training, 200 for validation, 128 pixels. The soft edges of the digits are ignored.
# No flip, because mirrored digits are no longer digits.
dataset = dict(
    type='BaseSegDataset',
    data_root='work_dirs/quickstart/data/digits/segmentation/',
    img_suffix='.png',
    reduce_zero_label=True,
    metainfo=dict(
        classes=['background', *'0123456789'],
        palette=[
            [20, 20, 20],
            [230, 25, 75],
            [60, 180, 75],
            [255, 225, 25],
            [67, 99, 216],
            [245, 130, 49],
            [145, 30, 180],
            [66, 212, 244],
            [240, 50, 230],
            [191, 239, 69],
            [250, 190, 212],
        ],
    ),
)
train_pipeline = [
    dict(type='mmaddp.CheckImageFile'),
    dict(type='LoadImageFromFile'),
    dict(type='mmaddp.CheckLabelMap'),
    dict(type='LoadAnnotations'),
    dict(type='RandomResize', scale=(128, 128), ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(128, 128)),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='mmaddp.CheckImageFile'),
    dict(type='LoadImageFromFile'),
    dict(type='mmaddp.CheckLabelMap'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    sampler=dict(type='mmaddp.SeededInfiniteSampler', shuffle=True),
    dataset=dict(
        pipeline=train_pipeline,
        data_prefix=dict(img_path='images/training', seg_map_path='annotations/training'),
        **dataset,
    ),
)
val_dataloader = dict(
    batch_size=20,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        pipeline=test_pipeline,
        data_prefix=dict(img_path='images/validation', seg_map_path='annotations/validation'),
        **dataset,
    ),
)
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_dataloader, test_evaluator = val_dataloader, val_evaluator
