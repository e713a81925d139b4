# Short trainings: AdamW, linear warm-up over one epoch, half a cosine to zero, per iteration.
# Children set train_cfg.max_epochs and the learning rate.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='mmaddp.WeightDecayConstructor',
    optimizer=dict(type='AdamW', lr=2e-3, betas=(0.9, 0.95), weight_decay=0.05, fused=True),
    clip_grad=dict(max_norm=3.0),
)
param_scheduler = dict(type='mmaddp.WarmupCosineLR', warmup=1, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=10)
