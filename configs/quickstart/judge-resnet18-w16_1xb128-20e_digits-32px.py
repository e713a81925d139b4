# Judge of the quickstart: a small ResNet that distinguishes ten digits and an eleventh class,
# "none": shuffled patches, mixtures of two digits, outputs of an untrained network, which
# tools/quickstart/lookalikes.py makes. Half of the images are moved and half are blurred, so that
# sharpness gives nothing away: without blur it was luck whether soft pictures were "none".
_base_ = ['../_base_/schedules/adamw_coslr_short.py', '../_base_/default_runtime.py']

classes = [*'0123456789', 'none']
data_preprocessor = dict(
    type='ClsDataPreprocessor', num_classes=11, mean=[127.5] * 3, std=[127.5] * 3, to_rgb=False
)
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=18, stem_channels=16, base_channels=16, out_indices=(3,)),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=11, in_channels=128, topk=(1,)),
)

test_pipeline = [dict(type='mmaddp.LoadRGBImage'), dict(type='PackInputs')]
train_pipeline = [
    dict(type='mmaddp.LoadRGBImage'),
    dict(type='NumpyToPIL', to_rgb=False),
    dict(
        type='RandomApply',
        prob=0.5,
        transforms=dict(type='torchvision/RandomAffine', degrees=8, translate=(0.06, 0.06), fill=0),
    ),
    dict(
        type='RandomApply',
        prob=0.5,
        transforms=dict(type='torchvision/GaussianBlur', kernel_size=7, sigma=(0.5, 2.0)),
    ),
    dict(type='PILToNumpy', to_bgr=False),
    dict(type='PackInputs'),
]
data_root = 'work_dirs/quickstart/seed0/judge/data/'
train_dataloader = dict(
    batch_size=128,
    num_workers=1,
    drop_last=True,
    sampler=dict(type='mmaddp.SeededSampler', shuffle=True),
    dataset=dict(
        type='mmaddp.SeededDataset',
        dataset=dict(
            type='mmaddp.CustomDataset',
            data_root=data_root,
            data_prefix='train',
            classes=classes,
            pipeline=train_pipeline,
        ),
    ),
)
val_dataloader = dict(
    batch_size=256,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmaddp.CustomDataset',
        data_root=data_root,
        data_prefix='val',
        classes=classes,
        pipeline=test_pipeline,
    ),
)
val_evaluator = dict(type='Accuracy', topk=(1,))
val_cfg = dict()
test_dataloader, test_evaluator, test_cfg = val_dataloader, val_evaluator, val_cfg

train_cfg = dict(max_epochs=20, val_interval=20)
