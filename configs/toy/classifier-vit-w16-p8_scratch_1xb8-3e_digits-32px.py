# Toy of fine-tuning for classification, from scratch, with drop path and mixup.
# It learns nothing of use: it is there to try out the machinery in seconds, without a download.
#   python tools/train.py CONFIG   after preparing the data: parts_digits.py
_base_ = ['./parts_encoder.py', './parts_digits.py']

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
        drop_path_rate=0.2,
        out_type='avg_featmap',
    ),
    head=dict(
        type='LinearClsHead',
        num_classes=10,
        in_channels=_base_.width,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
        topk=(1,),
    ),
    train_cfg=dict(augments=dict(type='Mixup', alpha=0.8)),
)
optim_wrapper = dict(
    constructor='mmaddp.LayerDecayConstructor',
    paramwise_cfg=dict(layer_decay_rate=0.8, no_decay_vectors=True),
)
val_evaluator = dict(type='Accuracy', topk=(1,))
test_evaluator = val_evaluator
val_cfg = test_cfg = dict()
