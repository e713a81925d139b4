# Attentive probing of ADDP's frozen ViT-L on ImageNet-1k: as with ViT-B.
# Needs mmaddp://addp-vit-large. No published score; not run.
_base_ = './vit-base-p16_addp-1600e-pre_8xb512-attentive-amp-coslr-90e_in1k-256px.py'

model = dict(
    backbone=dict(
        arch='large',
        frozen_stages=24,
        init_cfg=dict(checkpoint='mmaddp://addp-vit-large'),
    ),
    neck=[
        dict(type='mmaddp.AttentivePool', in_channels=1024, num_heads=16),
        dict(type='ClsBatchNormNeck', input_features=1024),
    ],
    head=dict(in_channels=1024),
)
