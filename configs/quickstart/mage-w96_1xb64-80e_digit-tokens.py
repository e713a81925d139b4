# Token predictor of the quickstart: MAGE on cached tokens. No dropout and no label smoothing: ids
# are drawn from its distribution as it is, and a grid of 16 leaves no room for random ones.
#   tools/quickstart.sh runs it; alone: python tools/train.py CONFIG
_base_ = ['./parts_tokenizer.py', './parts_predictor.py', '../own/parts_mage.py']

stages = 'work_dirs/quickstart/seed0/'
tokens = dict(data_root=stages + 'tokens/cache', num_codes=_base_.tokenizer.num_codes)
model = dict(
    tokenizer=dict(init_cfg=dict(checkpoint=stages + 'tokenizer/epoch_7.pth'), **_base_.tokenizer),
    token_predictor=dict(num_tokens=16, **_base_.token_predictor),
    label_smoothing=0.0,
)
train_dataloader = dict(dataset=dict(dataset=tokens))
param_scheduler = dict(warmup=1)
train_cfg = dict(max_epochs=80)
