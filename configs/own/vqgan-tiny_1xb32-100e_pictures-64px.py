# Tiny tokenizer for a folder of pictures, 64 pixels to 8 x 8 tokens of 64 codes.
# mmaddp pretrain inherits it with the plan of a folder.
#   python tools/train.py CONFIG --cfg-options train_dataloader.dataset.dataset.data_root=FOLDER
# All numbers are our own choice. Expected score: not run.
_base_ = ['./parts_vqgan.py', './parts_tokenizer_tiny.py']

model = dict(tokenizer=_base_.tokenizer)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
train_cfg = dict(max_epochs=100)
