# ADDP's encoder with ViT-B as a classifier, as in official fine-tuning: patch tokens are averaged,
# then a new norm (fc_norm) and a linear layer; the pre-training's norm in front of the blocks and
# its final norm are not used. Source: models_vit.py and main_finetune.py of the official release.
#
# The weights may be the official file or a checkpoint of our own pre-training:
#   --cfg-options model.backbone.init_cfg.checkpoint=work_dirs/.../epoch_1600.pth
checkpoint = 'mmaddp://addp-vit-base'

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='mmaddp.ADDPViT',
        arch='base',
        img_size=256,
        patch_size=16,
        drop_path_rate=0.1,
        pre_norm=False,
        final_norm=False,
        out_type='avg_featmap',
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmaddp',
            checkpoint=checkpoint,
            prefix='backbone.',
            # fc_norm is new; tokenizer_norm (here pre_norm) and the final norm are dropped.
            allow_missing=[r'ln2\.'],
            allow_unexpected=[r'pre_norm\.', r'ln1\.'],
        ),
    ),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=768,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
        init_cfg=dict(type='TruncNormal', layer='Linear', std=2e-5),
    ),
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]),
)
