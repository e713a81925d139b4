# ADDP pre-training of ViT-L on ImageNet-1k: ViT-B's recipe, 800 epochs, the predictor of ViT-L.
# Needs mmaddp://vqgan and mmaddp://mage-vit-large.
# Source: configs/release/large/pretrain_*.sh of the official release. The paper's 85.9 top-1 after
# fine-tuning and 7.6 FID: not run.
_base_ = [
    '../_base_/models/addp_vit-large.py',
    '../_base_/datasets/imagenet_256px.py',
    '../_base_/schedules/addp_adamw_coslr_1600e.py',
    '../_base_/generation/images_from_seeds.py',
    '../_base_/default_runtime.py',
]

train_cfg = dict(max_epochs=800)

# The visualizer gets a sheet of samples, reconstructions and encoder inputs every 50 epochs.
default_hooks = dict(preview=dict(type='mmaddp.GenerationPreviewHook', interval=50))
