# Tiny ADDP for a folder of pictures of 64 pixels, on cached tokens, with the tokenizer and the
# predictor of the stages before. mmaddp pretrain inherits it with the plan of a folder.
#   python tools/train.py CONFIG
# All numbers but the sizes of a released model are our own choice. Expected score: not run.
_base_ = [
    './parts_addp.py',
    './parts_encoder_tiny.py',
    './parts_tokenizer_tiny.py',
    './parts_predictor_tiny.py',
]

weights = 'work_dirs/own/'
model = dict(
    backbone=dict(arch=_base_.arch, img_size=64, patch_size=8, pos_std=_base_.pos_std),
    neck=_base_.decoder,
    head=dict(embed_dims=_base_.width, label_smoothing=0.0),
    target_generator=dict(
        tokenizer=dict(
            init_cfg=dict(checkpoint=weights + 'tokenizer/epoch_100.pth'), **_base_.tokenizer
        ),
        token_predictor=dict(
            init_cfg=dict(checkpoint=weights + 'predictor/epoch_200.pth'),
            **_base_.token_predictor,
        ),
        grid_size=(8, 8),
    ),
)
train_dataloader = dict(dataset=dict(dataset=dict(num_codes=_base_.tokenizer.num_codes)))
optim_wrapper = dict(optimizer=dict(lr=1.4e-3))
train_cfg = dict(max_epochs=200)
