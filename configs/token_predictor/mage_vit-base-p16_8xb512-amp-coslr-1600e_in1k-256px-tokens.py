# MAGE pre-training of ViT-B's token predictor on cached tokens of ImageNet-1k. Differs from
# mage_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px.py in the data of the training alone, which
# are cropped bicubically: the same cache as ADDP's. Validation reads images.
#   python tools/train.py CONFIG            one process
#   bash tools/dist_train.sh CONFIG 8       8 GPUs, 512 images each
# Needs mmaddp://vqgan and the token cache (docs/scaling.md).
# Expected score: not run.
_base_ = [
    '../_base_/models/mage_vit-base.py',
    '../_base_/datasets/imagenet_256px_tokens.py',
    '../_base_/datasets/imagenet_256px_val.py',
    '../_base_/schedules/mage_adamw_coslr_1600e.py',
    '../_base_/default_runtime.py',
]

train_cfg = dict(val_interval=50)
val_cfg = dict()
val_evaluator = dict(type='mmaddp.MaskedTokenMetric')
test_cfg = dict()
test_evaluator = val_evaluator
