# Judge of the study: a small ResNet, trained on the labelled pictures, in whose features generated
# pictures are compared with real ones; it reads RGB, as scores do.
#   tools/study.py runs it; alone: python tools/train.py CONFIG
_base_ = [
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/default_runtime.py',
    './parts_labels.py',
]

data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)
model = dict(
    backbone=dict(type='ResNet', depth=18, stem_channels=16, base_channels=16, out_indices=(3,)),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(in_channels=128),
)
load = dict(type='mmaddp.LoadRGBImage')
train_pipeline = [load, *_base_.train_pipeline[1:]]
test_pipeline = [load, *_base_.val_pipeline[1:]]
train_dataloader = dict(batch_size=128, dataset=dict(dataset=dict(pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(dataset=dict(pipeline=test_pipeline)))
test_dataloader = val_dataloader
param_scheduler = dict(warmup=0.2)
train_cfg = dict(max_epochs=2, val_interval=2)
