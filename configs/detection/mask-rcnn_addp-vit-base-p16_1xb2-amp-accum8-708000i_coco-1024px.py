# Mask R-CNN on COCO with ADDP's ViT-B on one GPU of 24 GB, 12 epochs.
#   python tools/train.py CONFIG
# Two images at a time with activations recomputed, eight batches per update: 16 images instead
# of 64, so a quarter of the learning rate and four times the updates. All lengths are those of the
# 12-epoch recipe counted in images, warm-up included: 32 times as many iterations. Measure time
# and memory with --dry-run. No published score; not run.
_base_ = './mask-rcnn_addp-vit-base-p16_64xb1-amp-22125i_coco-1024px.py'

factor = 64 // 2
max_iters = _base_.max_iters * factor
model = dict(backbone=dict(with_cp=True))
train_dataloader = dict(batch_size=2)
optim_wrapper = dict(
    accumulative_counts=8, optimizer=dict(lr=_base_.optim_wrapper.optimizer.lr / 4)
)
param_scheduler = [
    dict(_base_.param_scheduler[0], end=_base_.param_scheduler[0].end * factor),
    dict(_base_.param_scheduler[1], milestones=[max_iters * 8 // 9, max_iters * 26 // 27]),
]
train_cfg = dict(max_iters=max_iters, val_interval=59000)
auto_scale_lr = dict(base_batch_size=2)
