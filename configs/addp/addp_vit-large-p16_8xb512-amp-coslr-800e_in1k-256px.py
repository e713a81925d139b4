# ADDP pre-training of ViT-L on ImageNet-1k: ViT-B's recipe, 800 epochs, the predictor of ViT-L.
# Needs checkpoints/vqgan_jax_strongaug.ckpt and checkpoints/mage-vitl-1600.pth.
# Source: configs/release/large/pretrain_*.sh of the official release. The paper's 85.9 top-1 after
# fine-tuning and 7.6 FID: not run.
_base_ = './addp_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px.py'

model = dict(
    backbone=dict(arch='large'),
    neck=dict(in_channels=1024, embed_dims=1024),
    head=dict(embed_dims=1024),
    target_generator=dict(
        token_predictor=dict(
            init_cfg=dict(checkpoint='checkpoints/mage-vitl-1600.pth'),
            embed_dims=1024,
            num_layers=24,
            num_heads=16,
            decoder_embed_dims=1024,
        ),
    ),
)
train_cfg = dict(max_epochs=800)
