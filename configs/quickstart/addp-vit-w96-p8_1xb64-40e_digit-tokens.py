# ADDP of the quickstart, on cached tokens, with the tokenizer and predictor of the previous stages.
#   tools/quickstart.sh runs it; alone: python tools/train.py CONFIG
_base_ = [
    './parts_encoder.py',
    './parts_tokenizer.py',
    './parts_predictor.py',
    '../_base_/datasets/digit_tokens.py',
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/generation/images_from_seeds.py',
    '../_base_/default_runtime.py',
]

width = _base_.width
weights = 'work_dirs/quickstart/seed0/'

model = dict(
    type='mmaddp.ADDP',
    backbone=dict(
        type='mmaddp.ADDPViT',
        arch=_base_.arch,
        img_size=32,
        patch_size=_base_.patch_size,
        out_type='raw',
    ),
    neck=dict(
        type='mmaddp.ADDPDecoder',
        in_channels=width,
        embed_dims=width,
        num_layers=2,
        num_heads=4,
    ),
    head=dict(type='mmaddp.ADDPHead', embed_dims=width, label_smoothing=0.0),
    target_generator=dict(
        type='mmaddp.ADDPTargetGenerator',
        tokenizer=dict(
            init_cfg=dict(
                type='Pretrained',
                _scope_='mmaddp',
                checkpoint=weights + 'tokenizer/epoch_7.pth',
                prefix='tokenizer.',
            ),
            **_base_.tokenizer,
        ),
        token_predictor=dict(
            init_cfg=dict(
                type='Pretrained',
                _scope_='mmaddp',
                checkpoint=weights + 'predictor/epoch_80.pth',
                prefix='token_predictor.',
            ),
            **_base_.token_predictor,
        ),
        grid_size=(4, 4),
    ),
    sampler=dict(
        type='mmaddp.AlternatingSampler',
        num_steps=12,
        schedule='cosine',
        choice_temperature=1.0,
        top_p=0.9,
    ),
)
test_cfg = dict(grid_zoom=2)
train_cfg = dict(max_epochs=40)
custom_hooks = [dict(type='mmaddp.GenerationPreviewHook', interval=10, zoom=2)]
