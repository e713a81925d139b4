# Unconditional generation as the test loop of an ADDP model; tools/generate.py sets number, seed
# and folder. 50,000 images are what FID is published for.
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(type='mmaddp.GenerationSeeds', num_images=50000, seed=0),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
)
test_evaluator = dict(type='mmaddp.ImageWriter', out_dir='work_dirs/generated')
test_cfg = dict()
