# UperNet on ADE20k with ADDP's ViT-L: ViT-B's recipe with what a larger network needs.
# Needs data/ade/ADEChallengeData2016 and mmaddp://addp-vit-large, or an ADDP checkpoint.
# INFERRED, since no such recipe is public: taps, head width and drop path are those of
# mmsegmentation's BEiT-L; the layer decay 0.8 is that of ADDP-L's ImageNet fine-tuning, with
# ViT-B's learning rate (worth a sweep: 5e-5, 1e-4, 2e-4 times 0.75, 0.8, 0.85); length, batch and
# crop are ViT-B's. The paper's mIoU 54.3: not run.
_base_ = './addp-vit-base-p16_upernet_8xb2-amp-160k_ade20k-512px.py'

model = dict(
    backbone=dict(
        arch='large',
        drop_path_rate=0.2,
        out_indices=(7, 11, 15, 23),
        init_cfg=dict(checkpoint='mmaddp://addp-vit-large'),
    ),
    neck=dict(embed_dim=1024),
    decode_head=dict(in_channels=[1024] * 4, channels=1024),
    auxiliary_head=dict(in_channels=1024),
)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=0.8))
