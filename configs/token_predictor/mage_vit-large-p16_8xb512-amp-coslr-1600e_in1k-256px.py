# MAGE pre-training of the token predictor of ViT-L on ImageNet-1k: ViT-B's recipe.
# Source: MAGE's README. The released mage-vitl-1600.pth was trained this way; this configuration:
# not run.
_base_ = './mage_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px.py'

model = dict(
    token_predictor=dict(
        embed_dims=1024,
        num_layers=24,
        num_heads=16,
        decoder_embed_dims=1024,
    ),
)
