# Official fine-tuning of ViT-B (finetune_*.sh, main_finetune.py, util/lr_{decay,sched}.py); ViT-L
# sets other max_epochs, lr, layer_decay_rate and warm-up. No gradient clipping, no EMA.
# Validation runs in float32; the official one runs under autocast to float16.
max_epochs = 100
base_lr = 1.0e-3  # per 256 images
batch_size = 1024  # of all GPUs together
lr = base_lr * batch_size / 256
min_lr = 1e-6

optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='float16',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=lr, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
    constructor='mmaddp.LayerDecayConstructor',
    # A norm in front of the blocks, where it is kept, is in layer 0 with the positions.
    paramwise_cfg=dict(
        layer_decay_rate=0.65, no_decay_vectors=True, no_decay_names=('pos_embed', 'cls_token')
    ),
)
# Per iteration, from 0; each layer's minimum is its own share of min_lr, as in the official code.
param_scheduler = dict(
    type='mmaddp.WarmupCosineLR',
    warmup=20,
    eta_min_ratio=min_lr / lr,
    convert_to_iter_based=True,
)
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=1)
auto_scale_lr = dict(enable=False, base_batch_size=batch_size)
