# ViTDet's training: AdamW, layer-wise learning rates, 184,375 iterations of 64 images (100 epochs
# of the 118,287 images of train2017), a tenth of the rate from 8/9 and from 26/27 of them, 250
# iterations of linear warm-up. Weight decay spares pos_embed and the norms of the backbone; it
# applies to biases, relative positions and the norms of pyramid and heads, as to detectron2's own
# LayerNorms. Source: detectron2's projects/ViTDet/configs/COCO. Its fp16 compression of gradients
# between GPUs is left out.
# A child that changes the length sets train_cfg.max_iters and both entries of param_scheduler.
max_iters = 184375

optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='float16',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.1, fused=True),
    constructor='mmaddp.LayerDecayConstructor',
    paramwise_cfg=dict(layer_decay_rate=0.7, no_decay_norms=True, no_decay_names=('pos_embed',)),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=250),
    dict(type='MultiStepLR', by_epoch=False, milestones=[163889, 177546], gamma=0.1),
]
auto_scale_lr = dict(enable=False, base_batch_size=64)

train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=5000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
