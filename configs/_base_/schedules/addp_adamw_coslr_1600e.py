# ADDP's pre-training: optimiser, schedule, checkpoints. Every number is read from the official
# release's scripts (pretrain_*.sh) and main_pretrain.py; ViT-L differs only in max_epochs (800).
# A child overrides train_cfg.max_epochs; the end of the cosine follows it.
max_epochs = 1600
base_lr = 1.0e-4  # per 256 images
batch_size = 4096  # of all GPUs together

optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='float16',
    loss_scale=dict(init_scale=65536.0, growth_interval=500),
    optimizer=dict(
        type='AdamW',
        lr=base_lr * batch_size / 256,
        betas=(0.9, 0.95),
        weight_decay=0.05,
        fused=True,
    ),
    clip_grad=dict(max_norm=3.0),
    # Only one-dimensional parameters and biases are exempt from weight decay: it applies to
    # position tables, class and mask token and the token table.
    constructor='mmaddp.WeightDecayConstructor',
)
# Changes at every iteration; warm-up of 40 epochs from 0, minimum 0.
param_scheduler = dict(
    type='mmaddp.WarmupCosineLR', warmup=40, eta_min_ratio=0.0, convert_to_iter_based=True
)
train_cfg = dict(by_epoch=True, max_epochs=max_epochs)
auto_scale_lr = dict(enable=False, base_batch_size=batch_size)

# Besides the latest checkpoint (default_runtime.py), one is kept every 50 epochs.
custom_hooks = [
    dict(
        type='mmaddp.CheckpointHook',
        interval=50,
        save_last=False,
        filename_tmpl='kept_epoch_{}.pth',
    ),
]
