# Fine-tuning of ADDP's ViT-B on ImageNet-1k.
#   python tools/train.py CONFIG              one process
#   bash tools/dist_train.sh CONFIG 8         8 GPUs, 128 images each
#   python tools/test.py CONFIG CHECKPOINT    top-1 and top-5
# Needs mmaddp://addp-vit-base, or a checkpoint of our pre-training.
# Every number is read from the official release (configs/release/base/finetune_*.sh,
# main_finetune.py). The paper's 83.9 top-1: not run.
_base_ = [
    '../_base_/models/classifier_vit-base.py',
    '../_base_/datasets/classify_imagenet_256px.py',
    '../_base_/schedules/finetune_adamw_coslr_100e.py',
    '../_base_/default_runtime.py',
]
default_hooks = dict(checkpoint=dict(save_best='accuracy/top1'))
