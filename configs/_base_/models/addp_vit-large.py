# ADDP with ViT-L: encoder 24 x 1024, decoder 8 x 1024 with 16 heads, and the predictor of ViT-L
# (configs/release/large/pretrain_*.sh of the official release).
_base_ = './addp_vit-base.py'

model = dict(
    backbone=dict(arch='large'),
    neck=dict(in_channels=1024, embed_dims=1024),
    head=dict(embed_dims=1024),
    target_generator=dict(
        token_predictor=dict(
            init_cfg=dict(checkpoint='mmaddp://mage-vit-large'),
            embed_dims=1024,
            num_layers=24,
            num_heads=16,
            decoder_embed_dims=1024,
        ),
    ),
)
