# Tiny tokenizer for a folder of pictures, 64 pixels to 8 x 8 tokens of 64 codes, without
# discriminator and perceptual loss. mmaddp pretrain inherits it with the plan of a folder.
#   python tools/train.py CONFIG --cfg-options train_dataloader.dataset.dataset.data_root=FOLDER
# All numbers are our own choice. Expected score: not run.
_base_ = [
    './parts_tokenizer_tiny.py',
    './parts_pictures.py',
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='mmaddp.VQGANTraining',
    tokenizer=_base_.tokenizer,
    quantize_start=50,
    revival_interval=20,
)
optim_wrapper = dict(optimizer=dict(lr=2e-3, betas=(0.9, 0.99), weight_decay=0.0))
param_scheduler = dict(warmup=5)
train_cfg = dict(max_epochs=100, val_interval=10)
val_evaluator = dict(type='mmaddp.TokenizerMetric')
test_evaluator = val_evaluator
val_cfg = test_cfg = dict()
custom_hooks = [dict(type='mmaddp.CodebookGuardHook')]
