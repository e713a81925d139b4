# ADDP with ViT-B: encoder 12 x 768, decoder 8 x 768 with 16 heads, dropout 0.1 (main_pretrain.py
# and pretrain_*.sh of the official release).
_base_ = ['./parts_tokenizer_vqgan.py', './parts_predictor_mage_vit-base.py']

tokenizer_checkpoint = 'mmaddp://vqgan'
predictor_checkpoint = 'mmaddp://mage-vit-base'

model = dict(
    type='mmaddp.ADDP',
    backbone=dict(
        type='mmaddp.ADDPViT',
        arch='base',
        img_size=256,
        patch_size=16,
        out_type='raw',
        drop_rate=0.1,
        attn_drop_rate=0.1,
    ),
    neck=dict(
        type='mmaddp.ADDPDecoder',
        in_channels=768,
        embed_dims=768,
        num_layers=8,
        num_heads=16,
        drop_rate=0.1,
    ),
    head=dict(type='mmaddp.ADDPHead', embed_dims=768, label_smoothing=0.1),
    target_generator=dict(
        type='mmaddp.ADDPTargetGenerator',
        tokenizer=dict(
            init_cfg=dict(
                type='Pretrained',
                _scope_='mmaddp',
                checkpoint=tokenizer_checkpoint,
                prefix='tokenizer.',
            ),
            **_base_.tokenizer,
        ),
        token_predictor=dict(
            init_cfg=dict(
                type='Pretrained',
                _scope_='mmaddp',
                checkpoint=predictor_checkpoint,
                prefix='token_predictor.',
            ),
            **_base_.token_predictor,
        ),
        grid_size=(16, 16),
        mask_sampler=dict(type='mmaddp.NestedMaskSampler', min_ratio=0.5, mean=0.55, std=0.25),
        # As in the official pre-training, where the frozen predictor's dropout is active.
        predictor_train_mode=True,
    ),
    sampler=dict(
        type='mmaddp.AlternatingSampler', num_steps=20, schedule='cosine', choice_temperature=6.0
    ),
)
