# ADDP of the study, on cached tokens, with the predictor that MAGE has trained.
#   tools/study.py runs it; alone: python tools/train.py CONFIG
_base_ = [
    '../own/parts_addp.py',
    './parts_encoder.py',
    './parts_pixels.py',
    './parts_tokenizer.py',
    './parts_predictor.py',
]

width = _base_.width
model = dict(
    backbone=_base_.encoder,
    neck=dict(in_channels=width, embed_dims=width, num_layers=1, num_heads=4, table_std=0.12),
    head=dict(embed_dims=width, label_smoothing=0.0),
    target_generator=dict(
        tokenizer=dict(
            init_cfg=dict(checkpoint='work_dirs/study/base/tokenizer/epoch_1.pth'), **_base_.vqgan
        ),
        token_predictor=dict(
            init_cfg=dict(checkpoint='work_dirs/study/seed0/mage/train/epoch_2.pth'),
            **_base_.token_predictor,
        ),
        grid_size=(8, 8),
    ),
    pixel_mean=[_base_.pixel_mean],
    pixel_std=[_base_.pixel_std],
)
train_dataloader = dict(
    dataset=dict(dataset=dict(data_root='work_dirs/study/base/tokens/cache', num_codes=64))
)
optim_wrapper = dict(optimizer=dict(lr=1.4e-3))
param_scheduler = dict(warmup=0.2)
train_cfg = dict(max_epochs=2)
