# Small token predictor for a folder of pictures: MAGE on cached tokens, 8 x 8 of 256 codes.
# mmaddp pretrain inherits it with the plan of a folder.
#   python tools/train.py CONFIG
# All numbers but the sizes of a released model are our own choice. Expected score: not run.
_base_ = ['./parts_mage.py', './parts_tokenizer_small.py', './parts_predictor_small.py']

weights = 'work_dirs/own/tokenizer/epoch_100.pth'
model = dict(
    tokenizer=dict(init_cfg=dict(checkpoint=weights), **_base_.tokenizer),
    token_predictor=dict(num_tokens=64, **_base_.token_predictor),
    label_smoothing=0.1,
)
train_dataloader = dict(dataset=dict(dataset=dict(num_codes=_base_.tokenizer.num_codes)))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=200)
