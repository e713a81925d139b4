# What every mmpretrain-scope configuration of mmaddp shares: hooks, environment, logging, seed.
default_scope = 'mmpretrain'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # The latest, every 5 epochs as in the official pre-training, and at the end.
    checkpoint=dict(type='mmaddp.CheckpointHook', interval=5, max_keep_ckpts=1),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # Checkpoints hold plain types and tensors, so that they load weights-only.
    plain_message_hub=dict(type='mmaddp.PlainMessageHubHook'),
    # load_from and resume fill the whole model or stop.
    strict_load=dict(type='mmaddp.StrictLoadHook'),
    # A resumed run continues inside an epoch.
    position=dict(type='mmaddp.PositionHook'),
    # A loss that is not finite stops the run before anything on disk changes.
    non_finite_loss=dict(type='mmaddp.NonFiniteLossHook', interval=50),
    # Checks that data sets, heads and checkpoint have the same classes.
    check_classes=dict(type='mmaddp.CheckClassesHook'),
    # Cached tokens are those of the model's own tokenizer.
    check_token_cache=dict(type='mmaddp.CheckTokenCacheHook'),
    # The share of time spent waiting for data is logged.
    data_time=dict(type='mmaddp.DataTimeHook'),
    # Unreadable images that skip_broken=True skips are counted.
    skipped_images=dict(type='mmaddp.SkippedImagesHook'),
    # Off as in the official pre-training: token ids are those of float32.
    tf32=dict(type='mmaddp.TF32Hook', allowed=False),
)

env_cfg = dict(
    # All images of a run have one size.
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # Without a GPU the tools use gloo.
    dist_cfg=dict(backend='nccl'),
)

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='UniversalVisualizer', vis_backends=vis_backends)
log_level = 'INFO'

load_from = None
resume = False
# Each rank draws its own masks: seed + rank.
randomness = dict(seed=0, deterministic=False, diff_rank_seed=True)
