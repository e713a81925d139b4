# Training of a tokenizer on a folder of pictures, without discriminator and perceptual loss; it
# ends early where its codebook collapses. Children set tokenizer, pixels and lengths.
_base_ = [
    './parts_pictures.py',
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/default_runtime.py',
]

model = dict(type='mmaddp.VQGANTraining', quantize_start=50, revival_interval=20)
optim_wrapper = dict(optimizer=dict(betas=(0.9, 0.99), weight_decay=0.0))
param_scheduler = dict(warmup=5)
train_cfg = dict(val_interval=10)
val_evaluator = dict(type='mmaddp.TokenizerMetric')
test_evaluator = val_evaluator
val_cfg = test_cfg = dict()
custom_hooks = [dict(type='mmaddp.CodebookGuardHook')]
