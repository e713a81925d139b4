# Linear probing of MAGE and MAE (main_linprobe.py of both): LARS without weight decay, 90 epochs of
# which 10 warm up. The trust ratio is not applied to biases. mmpretrain's LARS puts the rate into
# the momentum buffer, MAE's applies it afterwards; while the rate changes slowly, the two are
# nearly the same.
max_epochs = 90
base_lr = 0.1  # per 256 images; MAGE uses 0.05 for ViT-L
batch_size = 4096

optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='float16',
    loss_scale='dynamic',
    optimizer=dict(type='LARS', lr=base_lr * batch_size / 256, momentum=0.9, weight_decay=0.0),
    paramwise_cfg=dict(custom_keys={'.bias': dict(lars_exclude=True)}),
)
param_scheduler = dict(
    type='mmaddp.WarmupCosineLR', warmup=10, eta_min_ratio=0.0, convert_to_iter_based=True
)
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=1)
auto_scale_lr = dict(enable=False, base_batch_size=batch_size)
