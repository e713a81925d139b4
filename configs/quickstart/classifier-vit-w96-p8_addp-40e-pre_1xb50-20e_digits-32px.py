# Fine-tuning of the quickstart's ADDP encoder on the digits, without its norm in front of the
# blocks, as in the official code. Learning rates: the best of a few that were tried with 10
# labelled examples per class and 80 iterations, both from ADDP and from scratch.
#   tools/quickstart.sh runs it, with 10 labelled examples per class and with all.
# Fewer examples: train_dataloader.dataset.dataset.ann_file=LINES_OF_PATH_AND_CLASS
_base_ = [
    './parts_encoder.py',
    '../_base_/datasets/digits_32px.py',
    '../_base_/datasets/digits_32px_val.py',
    '../_base_/schedules/adamw_coslr_short.py',
    '../_base_/default_runtime.py',
]

data_preprocessor = dict(
    _delete_=True,
    type='ClsDataPreprocessor',
    num_classes=10,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=False,
)
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='mmaddp.ADDPViT',
        arch=_base_.arch,
        img_size=32,
        patch_size=_base_.patch_size,
        pre_norm=False,
        final_norm=False,
        out_type='avg_featmap',
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmaddp',
            checkpoint='work_dirs/quickstart/seed0/addp/epoch_40.pth',
            prefix='backbone.',
            allow_missing=[r'ln2\.'],
            allow_unexpected=[r'pre_norm\.', r'ln1\.'],
        ),
    ),
    head=dict(
        type='LinearClsHead',
        num_classes=10,
        in_channels=_base_.width,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
        init_cfg=dict(type='TruncNormal', layer='Linear', std=2e-5),
        topk=(1,),
    ),
)
train_dataloader = dict(batch_size=50, dataset=dict(dataset=dict(type='mmaddp.CustomDataset')))
test_pipeline = _base_.val_pipeline
val_dataloader = dict(
    dataset=dict(dataset=dict(type='mmaddp.CustomDataset', pipeline=test_pipeline))
)
test_dataloader = val_dataloader
val_evaluator = dict(type='Accuracy', topk=(1,))
test_evaluator = val_evaluator
val_cfg = test_cfg = dict()

optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=4e-3, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
    clip_grad=dict(max_norm=3.0),
    constructor='mmaddp.LayerDecayConstructor',
    paramwise_cfg=dict(
        layer_decay_rate=0.8, no_decay_vectors=True, no_decay_names=('pos_embed', 'cls_token')
    ),
)
train_cfg = dict(max_epochs=20, val_interval=20)
