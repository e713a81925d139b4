# Baseline of the quickstart's fine-tuning: the same plain vision transformer from scratch, with one
# learning rate for all layers, the best one found for it.
_base_ = './classifier-vit-w96-p8_addp-40e-pre_1xb50-20e_digits-32px.py'

model = dict(backbone=dict(init_cfg=None))
optim_wrapper = dict(optimizer=dict(lr=2e-3), paramwise_cfg=dict(layer_decay_rate=1.0))
