# Fine-tuning of ADDP's ViT-L on ImageNet-1k: ViT-B's recipe with other rates and drop path.
# Needs mmaddp://addp-vit-large. Source: configs/release/large/finetune_*.sh of the
# official release. The paper's 85.9 top-1: not run.
_base_ = './vit-base-p16_addp-1600e-pre_8xb128-amp-coslr-100e_in1k-256px.py'
lr = 2.5e-4 * _base_.batch_size / 256

model = dict(
    backbone=dict(
        arch='large',
        drop_path_rate=0.2,
        init_cfg=dict(checkpoint='mmaddp://addp-vit-large'),
    ),
    head=dict(in_channels=1024),
)
optim_wrapper = dict(optimizer=dict(lr=lr), paramwise_cfg=dict(layer_decay_rate=0.8))
param_scheduler = dict(warmup=5, eta_min_ratio=_base_.min_lr / lr)
train_cfg = dict(max_epochs=50)
