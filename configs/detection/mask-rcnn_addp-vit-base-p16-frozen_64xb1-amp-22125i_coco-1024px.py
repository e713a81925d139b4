# Mask R-CNN on COCO on top of ADDP's frozen ViT-B, 12 epochs: only pyramid and heads are trained.
# The encoder is the pre-trained one, pre_norm included, without drop path or relative positions;
# its windows hold about as many tokens as the images of pre-training. Not run.
_base_ = './mask-rcnn_addp-vit-base-p16_64xb1-amp-22125i_coco-1024px.py'

model = dict(
    backbone=dict(
        pre_norm=True,
        frozen_stages=12,
        use_rel_pos=False,
        drop_path_rate=0.0,
        init_cfg=dict(allow_missing=[], allow_unexpected=[r'cls_token$', r'ln1\.']),
    ),
)
