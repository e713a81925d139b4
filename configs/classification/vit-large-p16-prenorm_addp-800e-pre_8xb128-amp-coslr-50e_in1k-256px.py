# Fine-tuning of ADDP's ViT-L on ImageNet-1k that keeps the norm in front of the blocks
# (tokenizer_norm), which the official fine-tuning drops; its learning rate is that of layer 0.
# No published score; not run.
_base_ = './vit-large-p16_addp-800e-pre_8xb128-amp-coslr-50e_in1k-256px.py'

model = dict(backbone=dict(pre_norm=True, init_cfg=dict(allow_unexpected=[r'ln1\.'])))
