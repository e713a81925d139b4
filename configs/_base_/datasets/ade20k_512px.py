# ADE20k, 150 classes, as mmsegmentation reads it: data/ade/ADEChallengeData2016. Short side 512
# times 0.5 to 2.0, crops of 512 with at most 75 % of one class, flip, photometric distortion.
# Pictures and label maps are checked when they are read, their values by CheckLabelMapsHook.
_base_ = 'mmseg::_base_/datasets/ade20k.py'

# The data set says whether label 0 is ignored: ADE20KDataset does ignore it.
load = [dict(type='mmaddp.CheckImageFile'), dict(type='LoadImageFromFile')]
load_labels = [dict(type='mmaddp.CheckLabelMap'), dict(type='LoadAnnotations')]
train_steps = _base_.train_pipeline[2:]
test_pipeline = [
    *load,
    dict(type='Resize', scale=(2048, 512), keep_ratio=True),
    *load_labels,
    dict(type='PackSegInputs'),
]

train_dataloader = dict(
    batch_size=2,
    sampler=dict(type='mmaddp.SeededInfiniteSampler', shuffle=True),
    dataset=dict(pipeline=[*load, *load_labels, *train_steps]),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

# Multi-scale test (tools/test.py --tta): short side 512 times each ratio, but not below the crop,
# as in the reference implementations, so that all ratios up to 1 give the same picture.
tta_pipeline = [
    *load,
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(
                    type='Resize',
                    scale=(int(2048 * max(ratio, 1)), int(512 * max(ratio, 1))),
                    keep_ratio=True,
                )
                for ratio in (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
            ],
            [dict(type='RandomFlip', prob=prob, direction='horizontal') for prob in (0.0, 1.0)],
            [dict(type='LoadAnnotations')],
            [dict(type='PackSegInputs')],
        ],
    ),
]
