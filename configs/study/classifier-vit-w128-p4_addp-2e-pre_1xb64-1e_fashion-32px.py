# Fine-tuning of the study's encoders, with the norm in front of the blocks kept. From scratch:
# model.backbone.init_cfg=None
#   tools/study.py runs it, with ten labelled pictures per class and with all.
_base_ = [
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/default_runtime.py',
    './parts_labels.py',
    './parts_encoder.py',
]

model = dict(
    backbone=dict(
        type='mmaddp.ADDPViT',
        out_type='avg_featmap',
        final_norm=False,
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmaddp',
            checkpoint='work_dirs/study/seed0/addp/train/epoch_2.pth',
            prefix='backbone.',
            allow_missing=[r'ln2\.'],
            allow_unexpected=[r'ln1\.'],
        ),
        **_base_.encoder,
    ),
    head=dict(
        in_channels=_base_.width,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
        init_cfg=dict(type='TruncNormal', layer='Linear', std=2e-5),
    ),
)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
    clip_grad=dict(max_norm=3.0),
    constructor='mmaddp.LayerDecayConstructor',
    paramwise_cfg=dict(
        layer_decay_rate=0.8, no_decay_vectors=True, no_decay_names=('pos_embed', 'cls_token')
    ),
)
param_scheduler = dict(warmup=0.1)
train_cfg = dict(max_epochs=1, val_interval=1)
