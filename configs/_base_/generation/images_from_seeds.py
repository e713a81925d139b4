# Unconditional generation as the test loop of an ADDP model; tools/generate.py sets number, seed
# and folder. Published FIDs are for 50,000 images. The loop deals blocks of batch_size images to
# the processes and needs no sampler.
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(type='mmaddp.GenerationSeeds', num_images=50000, seed=0),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
)
# Metrics; tools/analysis_tools/eval_generation.py scores the folder afterwards.
test_evaluator = []
test_cfg = dict(type='mmaddp.GenerationLoop', out_dir=None, precision='fp32')
