# MAE of the study: mmpretrain's, with ADDP's encoder, 75 % of the patches hidden, and normalised
# pixels as the target.
#   tools/study.py runs it; alone: python tools/train.py CONFIG
_base_ = [
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/default_runtime.py',
    './parts_fashion.py',
    './parts_encoder.py',
    './parts_pixels.py',
]

data_preprocessor = dict(
    _delete_=True,
    type='SelfSupDataPreprocessor',
    mean=[255 * _base_.pixel_mean],
    std=[255 * _base_.pixel_std],
)
model = dict(
    type='MAE',
    backbone=dict(type='mmaddp.MaskedADDPViT', **_base_.encoder),
    neck=dict(
        type='MAEPretrainDecoder',
        num_patches=64,
        patch_size=4,
        in_chans=1,
        embed_dim=_base_.width,
        decoder_embed_dim=_base_.width,
        decoder_depth=1,
        decoder_num_heads=4,
    ),
    head=dict(
        type='MAEPretrainHead',
        norm_pix=True,
        patch_size=4,
        in_channels=1,
        loss=dict(type='PixelReconstructionLoss', criterion='L2'),
    ),
)
val_dataloader = test_dataloader = None
optim_wrapper = dict(optimizer=dict(lr=1.4e-3))
param_scheduler = dict(warmup=0.2)
train_cfg = dict(max_epochs=2)
