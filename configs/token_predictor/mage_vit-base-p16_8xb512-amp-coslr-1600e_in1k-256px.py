# MAGE pre-training of the token predictor of ViT-B on ImageNet-1k.
#   python tools/train.py CONFIG            one process
#   bash tools/dist_train.sh CONFIG 8       8 GPUs, 512 images each
#   python tools/test.py CONFIG CHECKPOINT  accuracy and cross-entropy at masked positions
# Needs mmaddp://vqgan.
# Every number is read from MAGE's README and main_pretrain.py. The released mage-vitb-1600.pth was
# trained this way; this configuration: not run.
_base_ = [
    '../_base_/models/mage_vit-base.py',
    '../_base_/datasets/imagenet_256px.py',
    '../_base_/datasets/imagenet_256px_val.py',
    '../_base_/schedules/mage_adamw_coslr_1600e.py',
    '../_base_/default_runtime.py',
]

# MAGE crops bilinearly, ADDP bicubically; the rest of the pipeline is the same.
train_pipeline = [
    _base_.train_pipeline[0],
    dict(_base_.train_pipeline[1], interpolation='bilinear'),
    *_base_.train_pipeline[2:],
]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))

train_cfg = dict(val_interval=50)
val_cfg = dict()
val_evaluator = dict(type='mmaddp.MaskedTokenMetric')
test_cfg = dict()
test_evaluator = val_evaluator
