# Fine-tuning of the quickstart's ADDP encoder that keeps the norm in front of the blocks, for
# comparison; its learning rate is that of layer 0.
_base_ = './classifier-vit-w96-p8_addp-40e-pre_1xb50-20e_digits-32px.py'

model = dict(backbone=dict(pre_norm=True, init_cfg=dict(allow_unexpected=[r'ln1\.'])))
