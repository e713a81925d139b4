# What trainings on cached tokens of a folder of pictures share. The tokens, of several augmented
# versions of each picture, are made by
#   python tools/dataset_converters/cache_tokens.py CONFIG CHECKPOINT --out FOLDER --num-views 4
# Children set the number of codes.
_base_ = ['../_base_/schedules/adamw_coslr_short.py', '../_base_/default_runtime.py']

train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    persistent_workers=False,
    drop_last=True,
    sampler=dict(type='mmaddp.SeededSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmaddp.SeededDataset',
        dataset=dict(type='mmaddp.TokenDataset', data_root='work_dirs/own/tokens'),
    ),
)
param_scheduler = dict(warmup=10)
