# ADDP pre-training of ViT-B on ImageNet-1k.
#   python tools/train.py CONFIG            one process
#   bash tools/dist_train.sh CONFIG 8       8 GPUs, 512 images each
# Needs mmaddp://vqgan and mmaddp://mage-vit-base.
# Every number is read from the official release (configs/release/base/pretrain_*.sh,
# main_pretrain.py). The paper's 83.9 top-1 after fine-tuning and 8.9 FID: not run.
_base_ = [
    '../_base_/models/addp_vit-base.py',
    '../_base_/datasets/imagenet_256px.py',
    '../_base_/schedules/addp_adamw_coslr_1600e.py',
    '../_base_/generation/images_from_seeds.py',
    '../_base_/default_runtime.py',
]

# The visualizer gets a sheet of samples, reconstructions and encoder inputs every 50 epochs.
default_hooks = dict(preview=dict(type='mmaddp.GenerationPreviewHook', interval=50))
