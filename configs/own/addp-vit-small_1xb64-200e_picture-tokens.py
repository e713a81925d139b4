# Small ADDP for a folder of pictures of 128 pixels, on cached tokens, with the tokenizer and the
# predictor of the stages before. mmaddp pretrain inherits it with the plan of a folder.
#   python tools/train.py CONFIG
# All numbers but the sizes of a released model are our own choice. Expected score: not run.
_base_ = [
    './parts_encoder_small.py',
    './parts_tokenizer_small.py',
    './parts_predictor_small.py',
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
        img_size=128,
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
                checkpoint='work_dirs/own/tokenizer/epoch_100.pth',
                prefix='tokenizer.',
            ),
            **_base_.tokenizer,
        ),
        token_predictor=dict(
            init_cfg=dict(
                type='Pretrained',
                _scope_='mmaddp',
                checkpoint='work_dirs/own/predictor/epoch_200.pth',
                prefix='token_predictor.',
            ),
            **_base_.token_predictor,
        ),
        grid_size=(8, 8),
    ),
    sampler=dict(
        type='mmaddp.AlternatingSampler',
        num_steps=12,
        schedule='cosine',
        choice_temperature=1.0,
        top_p=0.9,
    ),
)
train_dataloader = dict(dataset=dict(dataset=dict(num_codes=256)))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(warmup=10)
test_cfg = dict(grid_zoom=1)
train_cfg = dict(max_epochs=200)
