# Base token predictor for a folder of pictures: MAGE on cached tokens, 16 x 16 of 1024 codes.
# mmaddp pretrain inherits it with the plan of a folder.
#   python tools/train.py CONFIG
# All numbers but the sizes of a released model are our own choice. Expected score: not run.
_base_ = [
    '../_base_/models/parts_tokenizer_vqgan.py',
    '../_base_/models/parts_predictor_mage_vit-base.py',
    './parts_tokens.py',
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='mmaddp.MAGE',
    tokenizer=dict(
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmaddp',
            checkpoint='work_dirs/own/tokenizer/epoch_50.pth',
            prefix='tokenizer.',
        ),
        **_base_.tokenizer,
    ),
    token_predictor=dict(num_tokens=256, **_base_.token_predictor),
    label_smoothing=0.1,
)
train_dataloader = dict(dataset=dict(dataset=dict(num_codes=1024)))
optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = dict(warmup=10)
train_cfg = dict(max_epochs=400)
