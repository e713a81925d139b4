# Attentive probing of ADDP's frozen ViT-B on ImageNet-1k: a learned query attends to all tokens
# behind the final norm, then batch norm and a linear layer.
#   python tools/train.py CONFIG
# Needs mmaddp://addp-vit-base. Data and length as for linear probing; AdamW and its rate
# are our own choice. No published score; not run.
_base_ = [
    '../_base_/models/probe_vit-base.py',
    '../_base_/datasets/probe_imagenet_256px.py',
    '../_base_/schedules/linear_lars_coslr_90e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(
        out_type='raw',
        final_norm=True,
        init_cfg=dict(allow_missing=[], allow_unexpected=[]),
    ),
    neck=[
        dict(type='mmaddp.AttentivePool', in_channels=768, num_heads=12),
        dict(type='ClsBatchNormNeck', input_features=768),
    ],
)
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='AdamW', lr=1e-3, betas=(0.9, 0.999), weight_decay=0.05, fused=True
    ),
    constructor='mmaddp.WeightDecayConstructor',
    paramwise_cfg=None,
)
