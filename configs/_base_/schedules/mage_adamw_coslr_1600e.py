# MAGE's pre-training differs from ADDP's in three settings: the learning rate, 1.5e-4 per 256
# images; how often the loss scale may grow, PyTorch's default; and a checkpoint kept every 40
# epochs. 1600 epochs for both sizes. Source: MAGE's README, main_pretrain.py and util/misc.py.
_base_ = './addp_adamw_coslr_1600e.py'
base_lr = 1.5e-4

optim_wrapper = dict(
    loss_scale=dict(growth_interval=2000),
    optimizer=dict(lr=base_lr * _base_.batch_size / 256),
)
custom_hooks = [dict(_base_.custom_hooks[0], interval=40)]
