# Small tokenizer for a folder of pictures, 128 pixels to 8 x 8 tokens of 256 codes.
# mmaddp pretrain inherits it with the plan of a folder.
#   python tools/train.py CONFIG --cfg-options train_dataloader.dataset.dataset.data_root=FOLDER
# All numbers are our own choice. Expected score: not run.
_base_ = ['./parts_vqgan.py', './parts_tokenizer_small.py']

train_pipeline = _base_.train_pipeline
train_pipeline[1].update(scale=128)
val_pipeline = _base_.val_pipeline
val_pipeline[1].update(scale=128)
val_pipeline[2].update(crop_size=128)
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(dataset=dict(pipeline=val_pipeline)))
test_dataloader = val_dataloader
model = dict(tokenizer=_base_.tokenizer)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=100)
