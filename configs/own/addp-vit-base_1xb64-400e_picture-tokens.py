# Base ADDP for a folder of pictures of 256 pixels, on cached tokens, with the tokenizer and the
# predictor of the stages before. mmaddp pretrain inherits it with the plan of a folder.
#   python tools/train.py CONFIG
# All numbers but the sizes of a released model are our own choice. Expected score: not run.
_base_ = [
    './parts_encoder_base.py',
    '../_base_/models/parts_tokenizer_vqgan.py',
    '../_base_/models/parts_predictor_mage_vit-base.py',
    './parts_tokens.py',
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/generation/images_from_seeds.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='mmaddp.ADDP',
    backbone=dict(
        type='mmaddp.ADDPViT',
        arch=_base_.arch,
        img_size=256,
        patch_size=16,
        out_type='raw',
    ),
    neck=dict(type='mmaddp.ADDPDecoder', **_base_.decoder),
    head=dict(type='mmaddp.ADDPHead', embed_dims=_base_.width, label_smoothing=0.1),
    target_generator=dict(
        type='mmaddp.ADDPTargetGenerator',
        tokenizer=dict(
            init_cfg=dict(
                type='Pretrained',
                _scope_='mmaddp',
                checkpoint='work_dirs/own/tokenizer/epoch_50.pth',
                prefix='tokenizer.',
            ),
            **_base_.tokenizer,
        ),
        token_predictor=dict(
            init_cfg=dict(
                type='Pretrained',
                _scope_='mmaddp',
                checkpoint='work_dirs/own/predictor/epoch_400.pth',
                prefix='token_predictor.',
            ),
            **_base_.token_predictor,
        ),
        grid_size=(16, 16),
    ),
    sampler=dict(
        type='mmaddp.AlternatingSampler',
        num_steps=12,
        schedule='cosine',
        choice_temperature=6.0,
        top_p=0.9,
    ),
)
train_dataloader = dict(dataset=dict(dataset=dict(num_codes=1024)))
optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = dict(warmup=10)
test_cfg = dict(grid_zoom=1)
train_cfg = dict(max_epochs=400)
