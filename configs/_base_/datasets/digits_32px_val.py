# Validation and test set of scikit-learn's handwritten digits, not augmented; see digits_32px.py.
val_pipeline = [dict(type='mmaddp.LoadRGBImage'), dict(type='PackInputs')]

val_dataloader = dict(
    batch_size=64,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmaddp.SeededDataset',
        seed=0,
        dataset=dict(
            type='mmaddp.CustomDataset',
            data_root='work_dirs/quickstart/data/digits/classification/',
            data_prefix='val',
            pipeline=val_pipeline,
        ),
    ),
)
test_dataloader = val_dataloader
