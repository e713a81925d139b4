# What detection trainings that count iterations share: mmdetection's runtime, a checkpoint every
# 5,000 iterations and the best one.
_base_ = 'mmdet::_base_/default_runtime.py'

default_hooks = dict(
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    checkpoint=dict(
        type='CheckpointHook',
        by_epoch=False,
        interval=5000,
        max_keep_ckpts=2,
        save_best='coco/bbox_mAP',
    ),
)
log_processor = dict(by_epoch=False)
randomness = dict(seed=0, diff_rank_seed=True)
