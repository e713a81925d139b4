# Large ADDP for a folder of pictures of 256 pixels, on cached tokens, with the tokenizer and the
# predictor of the stages before. mmaddp pretrain inherits it with the plan of a folder.
#   python tools/train.py CONFIG
# All numbers but the sizes of a released model are our own choice. Expected score: not run.
_base_ = [
    './parts_addp.py',
    './parts_encoder_large.py',
    '../_base_/models/parts_tokenizer_vqgan.py',
    './parts_predictor_large.py',
]

weights = 'work_dirs/own/'
model = dict(
    backbone=dict(arch=_base_.arch, img_size=256, patch_size=16),
    neck=_base_.decoder,
    head=dict(embed_dims=_base_.width, label_smoothing=0.1),
    target_generator=dict(
        tokenizer=dict(
            init_cfg=dict(checkpoint=weights + 'tokenizer/epoch_50.pth'), **_base_.tokenizer
        ),
        token_predictor=dict(
            init_cfg=dict(checkpoint=weights + 'predictor/epoch_400.pth'),
            **_base_.token_predictor,
        ),
        grid_size=(16, 16),
    ),
)
train_dataloader = dict(dataset=dict(dataset=dict(num_codes=_base_.tokenizer.num_codes)))
optim_wrapper = dict(optimizer=dict(lr=2e-4))
train_cfg = dict(max_epochs=400)
