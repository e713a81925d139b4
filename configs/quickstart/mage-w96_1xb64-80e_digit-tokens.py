# Token predictor of the quickstart: MAGE on cached tokens. No dropout and no label smoothing: ids
# are drawn from its distribution as it is, and a grid of 16 leaves no room for random ones.
#   tools/quickstart.sh runs it; alone: python tools/train.py CONFIG
_base_ = [
    './parts_tokenizer.py',
    './parts_predictor.py',
    '../_base_/datasets/digit_tokens.py',
    '../_base_/datasets/digits_32px_val.py',
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='mmaddp.MAGE',
    tokenizer=dict(
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmaddp',
            checkpoint='work_dirs/quickstart/seed0/tokenizer/epoch_7.pth',
            prefix='tokenizer.',
        ),
        **_base_.tokenizer,
    ),
    token_predictor=dict(num_tokens=16, **_base_.token_predictor),
    label_smoothing=0.0,
)
train_cfg = dict(max_epochs=80, val_interval=80)
val_evaluator = dict(type='mmaddp.MaskedTokenMetric')
test_evaluator = val_evaluator
val_cfg = test_cfg = dict()
