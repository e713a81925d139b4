# What the toys on digits share: 32 pictures for training and 8 for validation, three epochs of four
# steps, each of which is logged, a validation and a checkpoint per epoch. The data:
#   python tools/dataset_converters/prepare_digits.py --out work_dirs/toy/digits \
#       --scene-size 64 --train-scenes 8 --val-scenes 4
_base_ = [
    '../_base_/datasets/digits_32px.py',
    '../_base_/datasets/digits_32px_val.py',
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/default_runtime.py',
]
data_root = 'work_dirs/toy/digits/classification/'
# The pictures have this size; those of a dry run without data do not.
resize = dict(type='Resize', scale=(32, 32))
train_pipeline = [_base_.train_pipeline[0], resize, *_base_.train_pipeline[1:]]
val_pipeline = [_base_.val_pipeline[0], resize, *_base_.val_pipeline[1:]]

# In the main process. Indices spread over the classes, which follow one another on disk.
in_process = dict(batch_size=8, num_workers=0, persistent_workers=False)
train_data = dict(data_root=data_root, indices=list(range(0, 1438, 45)), pipeline=train_pipeline)
val_data = dict(data_root=data_root, indices=list(range(0, 359, 45)), pipeline=val_pipeline)
train_dataloader = dict(dataset=dict(dataset=train_data), **in_process)
val_dataloader = dict(dataset=dict(dataset=val_data), **in_process)
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=3, val_interval=1)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1, max_keep_ckpts=3))
