# UperNet's training: AdamW, layer-wise learning rates, 1,500 iterations of linear warm-up from a
# millionth, then linear decay to 0. Every number comes from mmsegmentation's configs/mae/, where
# weight decay spares biases and norm parameters but not positions. Its fp16 key has no effect; here
# AMP is on.
max_iters = 160000
warmup_iters = 1500

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
    constructor='mmaddp.LayerDecayConstructor',
    paramwise_cfg=dict(layer_decay_rate=0.65, no_decay_vectors=True),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=warmup_iters),
    dict(type='PolyLR', eta_min=0.0, power=1.0, by_epoch=False, begin=warmup_iters, end=max_iters),
]
auto_scale_lr = dict(enable=False, base_batch_size=16)

train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=16000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='mmaddp.CheckpointHook',
        by_epoch=False,
        interval=16000,
        max_keep_ckpts=1,
        save_best='mIoU',
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
    check_label_maps=dict(type='mmaddp.CheckLabelMapsHook'),
)
