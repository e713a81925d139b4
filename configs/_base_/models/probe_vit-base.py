# ADDP's encoder with ViT-B, frozen as it was pre-trained, its norm in front of the blocks
# (tokenizer_norm) included: without it the blocks would get inputs that they never saw, and nothing
# could adapt. To probe without it: model.backbone.pre_norm=False and
# model.backbone.init_cfg.allow_unexpected=['pre_norm','ln1'].
_base_ = './classifier_vit-base.py'

model = dict(
    backbone=dict(
        drop_path_rate=0.0,
        pre_norm=True,
        frozen_stages=12,
        init_cfg=dict(allow_unexpected=[r'ln1\.']),
    ),
    head=dict(
        loss=dict(_delete_=True, type='CrossEntropyLoss'),
        init_cfg=dict(std=0.01),
    ),
    train_cfg=None,
)
