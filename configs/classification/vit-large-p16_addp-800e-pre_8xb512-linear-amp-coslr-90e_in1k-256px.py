# Linear probing of ADDP's frozen ViT-L on ImageNet-1k: ViT-B's recipe with MAGE's rate for ViT-L.
# Needs mmaddp://addp-vit-large. No published recipe; not run.
_base_ = './vit-base-p16_addp-1600e-pre_8xb512-linear-amp-coslr-90e_in1k-256px.py'

model = dict(
    backbone=dict(
        arch='large',
        frozen_stages=24,
        init_cfg=dict(checkpoint='mmaddp://addp-vit-large'),
    ),
    neck=dict(input_features=1024),
    head=dict(in_channels=1024),
)
optim_wrapper = dict(optimizer=dict(lr=0.05 * _base_.batch_size / 256))
