# Cached tokens of a folder of pictures, several augmented versions of each, made by
#   python tools/dataset_converters/cache_tokens.py CONFIG CHECKPOINT --out FOLDER --num-views 4
# Only defines data; children set the number of codes.
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    persistent_workers=False,
    drop_last=True,
    sampler=dict(type='mmaddp.SeededSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmaddp.SeededDataset',
        dataset=dict(
            type='mmaddp.TokenDataset',
            data_root='work_dirs/own/tokens',
            num_codes=64,
        ),
    ),
)
