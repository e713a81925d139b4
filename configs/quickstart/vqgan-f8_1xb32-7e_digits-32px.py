# Tokenizer of the quickstart, without discriminator and perceptual loss.
#   tools/quickstart.sh runs it; alone: python tools/train.py CONFIG
_base_ = [
    './parts_tokenizer.py',
    '../_base_/datasets/digits_32px.py',
    '../_base_/datasets/digits_32px_val.py',
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='mmaddp.VQGANTraining',
    tokenizer=_base_.tokenizer,
    quantize_start=50,
    revival_interval=20,
)
optim_wrapper = dict(optimizer=dict(betas=(0.9, 0.99), weight_decay=0.0))
train_dataloader = dict(batch_size=32)
train_cfg = dict(max_epochs=7, val_interval=7)
val_evaluator = dict(type='mmaddp.TokenizerMetric')
test_evaluator = val_evaluator
val_cfg = test_cfg = dict()
