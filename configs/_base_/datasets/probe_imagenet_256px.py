# ImageNet-1k at 256 pixels for probing frozen features: one crop of 20 to 100 % of the area that is
# not drawn again, bicubic, and flip; test images with the short edge at 292 and a crop of 256.
# Source: main_linprobe.py of MAGE. 8 GPUs x 512 = 4096 images per step.
_base_ = './classify_imagenet_256px.py'

load, pack = _base_.train_pipeline[0], _base_.train_pipeline[-1]
train_pipeline = [
    load,
    dict(
        type='mmaddp.FirstTryResizedCrop',
        scale=256,
        crop_ratio_range=(0.2, 1.0),
        backend='pillow',
        interpolation='bicubic',
    ),
    dict(type='RandomFlip', prob=0.5),
    pack,
]
test_pipeline = [load, dict(_base_.test_pipeline[1], scale=292), *_base_.test_pipeline[2:]]
train_dataloader = dict(batch_size=512, dataset=dict(dataset=dict(pipeline=train_pipeline)))
val_dataloader = dict(batch_size=512, dataset=dict(dataset=dict(pipeline=test_pipeline)))
test_dataloader = val_dataloader
tta_pipeline = [*test_pipeline[:-1], _base_.tta_pipeline[-1]]
