# k-NN on ADDP's frozen features with ViT-B on ImageNet-1k: 20 neighbours among all training images,
# weighted by exp(cosine / 0.07) as in Wu et al. and DINO. Nothing is trained.
#   python tools/test.py CONFIG mmaddp://addp-vit-base
# The feature is the mean of the patch tokens behind the final norm. Any checkpoint with that
# backbone will do: pre-training, official or ours. No published score; not run.
_base_ = [
    '../_base_/models/probe_vit-base.py',
    '../_base_/datasets/probe_imagenet_256px.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(out_type='featmap', final_norm=True, init_cfg=None),
    neck=dict(type='GlobalAveragePooling'),
    head=None,
)
default_hooks = dict(
    strict_load=dict(allow_unexpected=[r'neck\.', r'head\.', r'target_generator\.'])
)
test_cfg = dict(
    type='mmaddp.KNNTestLoop',
    num_neighbours=20,
    temperature=0.07,
    bank_dataloader=dict(
        batch_size=512,
        num_workers=8,
        dataset=dict(
            type='mmaddp.ImageNet',
            data_root='data/imagenet/',
            split='train',
            pipeline=_base_.test_pipeline,
        ),
    ),
)
train_dataloader = None
val_dataloader = None
val_evaluator = None
val_cfg = None
