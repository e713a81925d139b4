# MAGE's pre-training differs from ADDP's in the learning rate alone: 1.5e-4 per 256 images, from
# MAGE's README and main_pretrain.py; 1600 epochs for both sizes.
_base_ = './addp_adamw_coslr_1600e.py'
base_lr = 1.5e-4

optim_wrapper = dict(optimizer=dict(lr=base_lr * _base_.batch_size / 256))
