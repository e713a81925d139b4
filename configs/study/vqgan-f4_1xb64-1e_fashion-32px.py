# Tokenizer of the study: 32 pixels to 8 x 8 tokens of 64 codes. All arms and seeds share it.
#   tools/study.py runs it; alone: python tools/train.py CONFIG
_base_ = [
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/default_runtime.py',
    './parts_fashion.py',
    './parts_tokenizer.py',
]

model = dict(
    type='mmaddp.VQGANTraining', tokenizer=_base_.vqgan, quantize_start=50, revival_interval=20
)
val_evaluator = test_evaluator = dict(type='mmaddp.TokenizerMetric')
val_cfg = test_cfg = dict()
custom_hooks = [dict(type='mmaddp.CodebookGuardHook')]
optim_wrapper = dict(optimizer=dict(lr=2e-3, betas=(0.9, 0.99), weight_decay=0.0))
param_scheduler = dict(warmup=0.1)
train_cfg = dict(max_epochs=1, val_interval=1)
