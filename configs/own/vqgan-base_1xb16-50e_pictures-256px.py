# Base tokenizer for a folder of pictures, 256 pixels to 16 x 16 tokens of 1024 codes, without
# discriminator and perceptual loss. mmaddp pretrain inherits it with the plan of a folder.
#   python tools/train.py CONFIG --cfg-options train_dataloader.dataset.dataset.data_root=FOLDER
# All numbers are our own choice. Expected score: not run.
_base_ = [
    '../_base_/models/parts_tokenizer_vqgan.py',
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
train_pipeline = _base_.train_pipeline
train_pipeline[1].update(scale=256)
val_pipeline = _base_.val_pipeline
val_pipeline[1].update(scale=256)
val_pipeline[2].update(crop_size=256)
train_dataloader = dict(batch_size=16, dataset=dict(dataset=dict(pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(dataset=dict(pipeline=val_pipeline)))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=3e-4, betas=(0.9, 0.99), weight_decay=0.0))
param_scheduler = dict(warmup=5)
train_cfg = dict(max_epochs=50, val_interval=10)
val_evaluator = dict(type='mmaddp.TokenizerMetric')
test_evaluator = val_evaluator
val_cfg = test_cfg = dict()
custom_hooks = [dict(type='mmaddp.CodebookGuardHook')]
