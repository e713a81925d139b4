# Fine-tuning of ADDP's ViT-B on ImageNet-1k that keeps the norm in front of the blocks
# (tokenizer_norm), which the official fine-tuning drops; its learning rate is that of layer 0.
# No published score; not run.
_base_ = './vit-base-p16_addp-1600e-pre_8xb128-amp-coslr-100e_in1k-256px.py'

model = dict(backbone=dict(pre_norm=True, init_cfg=dict(allow_unexpected=[r'ln1\.'])))
