# ADDP of the quickstart, on cached tokens, with the tokenizer and predictor of the previous stages.
#   tools/quickstart.sh runs it; alone: python tools/train.py CONFIG
_base_ = [
    './parts_encoder.py',
    './parts_tokenizer.py',
    './parts_predictor.py',
    '../own/parts_addp.py',
]

width = _base_.width
stages = 'work_dirs/quickstart/seed0/'
tokens = dict(data_root=stages + 'tokens/cache', num_codes=_base_.tokenizer.num_codes)
model = dict(
    backbone=dict(arch=_base_.arch, img_size=32, patch_size=_base_.patch_size),
    neck=dict(in_channels=width, embed_dims=width, num_layers=2, num_heads=4),
    head=dict(embed_dims=width, label_smoothing=0.0),
    target_generator=dict(
        tokenizer=dict(
            init_cfg=dict(checkpoint=stages + 'tokenizer/epoch_7.pth'), **_base_.tokenizer
        ),
        token_predictor=dict(
            init_cfg=dict(checkpoint=stages + 'predictor/epoch_80.pth'), **_base_.token_predictor
        ),
        grid_size=(4, 4),
    ),
)
train_dataloader = dict(dataset=dict(dataset=tokens))
param_scheduler = dict(warmup=1)
test_cfg = dict(grid_zoom=2)
train_cfg = dict(max_epochs=40)
default_hooks = dict(preview=dict(type='mmaddp.GenerationPreviewHook', interval=10, zoom=2))
