# ADDP pre-training of ViT-B on cached tokens of ImageNet-1k: one line differs from
# addp_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px.py, that of the data. The tokenizer's encoder
# does not run; the crops of an image repeat every eighth epoch.
#   python tools/train.py CONFIG            one process
#   bash tools/dist_train.sh CONFIG 8       8 GPUs, 512 images each
# Needs mmaddp://vqgan and mmaddp://mage-vit-base, and the token cache (docs/scaling.md).
# Expected score: not run.
_base_ = [
    '../_base_/models/addp_vit-base.py',
    '../_base_/datasets/imagenet_256px_tokens.py',
    '../_base_/schedules/addp_adamw_coslr_1600e.py',
    '../_base_/generation/images_from_seeds.py',
    '../_base_/default_runtime.py',
]

# The visualizer gets a sheet of samples, reconstructions and encoder inputs every 50 epochs.
default_hooks = dict(preview=dict(type='mmaddp.GenerationPreviewHook', interval=50))
