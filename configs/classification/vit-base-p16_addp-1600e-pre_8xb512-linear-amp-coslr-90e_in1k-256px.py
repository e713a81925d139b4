# Linear probing of ADDP's frozen ViT-B on ImageNet-1k, by the recipe of MAGE (main_linprobe.py):
# the mean of the patch tokens, a norm and a batch norm without weights, a linear layer.
#   python tools/train.py CONFIG
# Needs mmaddp://addp-vit-base. ADDP publishes no recipe; LEASE (CVPR 2026) quotes 11.5
# top-1, without saying whether tokenizer_norm was kept. Not run.
_base_ = [
    '../_base_/models/probe_vit-base.py',
    '../_base_/datasets/probe_imagenet_256px.py',
    '../_base_/schedules/linear_lars_coslr_90e.py',
    '../_base_/default_runtime.py',
]
model = dict(neck=dict(type='ClsBatchNormNeck', input_features=768))
