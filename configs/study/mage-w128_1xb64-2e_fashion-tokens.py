# MAGE of the study, on cached tokens: an arm, and with the same seed the predictor of ADDP.
#   tools/study.py runs it; alone: python tools/train.py CONFIG
_base_ = [
    '../own/parts_mage.py',
    './parts_tokenizer.py',
    './parts_predictor.py',
]

model = dict(
    tokenizer=dict(
        init_cfg=dict(checkpoint='work_dirs/study/base/tokenizer/epoch_1.pth'), **_base_.vqgan
    ),
    token_predictor=dict(num_tokens=64, **_base_.token_predictor),
    label_smoothing=0.0,
)
train_dataloader = dict(
    dataset=dict(dataset=dict(data_root='work_dirs/study/base/tokens/cache', num_codes=64))
)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = dict(warmup=0.2)
train_cfg = dict(max_epochs=2)
