# UperNet on ADE20k on top of ADDP's frozen ViT-B: only pyramid and heads are trained.
# The encoder is the pre-trained one, unchanged, pre_norm included, without drop path, LayerScale or
# relative positions. ViT-B's schedule. There is no published score to compare with; not run.
_base_ = './addp-vit-base-p16_upernet_8xb2-amp-160k_ade20k-512px.py'

model = dict(
    backbone=dict(
        type='mmaddp.ADDPViT',
        pre_norm=True,
        frozen_stages=12,
        layer_scale_init_value=0.0,
        drop_path_rate=0.0,
        init_cfg=dict(allow_missing=[], allow_unexpected=[r'ln1\.']),
    ),
)
