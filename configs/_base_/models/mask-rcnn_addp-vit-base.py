# Mask R-CNN on ADDP's ViT-B as in ViTDet: simple pyramid, two convolutions in the RPN, four
# convolutions and one linear layer in the box head, LayerNorm over channels (eps 1e-6) in both
# heads, initial values and matching of boxes as in detectron2; class and box losses, samplers, NMS
# and thresholds are mmdetection's, which are ViTDet's. What differs: docs/detection.md.
# Source: detectron2's projects/ViTDet and configs/common/models/mask_rcnn_vitdet.py.
_base_ = 'mmdet::_base_/models/mask-rcnn_r50_fpn.py'

checkpoint = 'mmaddp://addp-vit-base'
norm_cfg = dict(type='mmpretrain.LN2d', eps=1e-6)

model = dict(
    # mmdetection pads after normalising when the preprocessor does it, with zeros: the mean colour,
    # as in ViTDet. (A Pad transform would come before normalising, after which its usual 114 would
    # not be zero.)
    # All images fit into 1024, in training and in test, so this divisor makes 1024 x 1024 of them.
    # A smaller divisor for test images, such as 16, works too: the backbone takes any size.
    data_preprocessor=dict(pad_size_divisor=1024, pad_value=0, pad_mask=True, mask_pad_value=0),
    backbone=dict(
        _delete_=True,
        type='mmaddp.ADDPViTDet',
        arch='base',
        img_size=256,
        patch_size=16,
        input_size=1024,
        window_size=14,
        # Without the norm in front of the blocks, as in the official fine-tuning.
        pre_norm=False,
        drop_path_rate=0.1,
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmaddp',
            checkpoint=checkpoint,
            prefix='backbone.',
            allow_missing=[r'layers\.\d+\.attn\.rel_pos_[hw]$'],
            allow_unexpected=[r'cls_token$', r'pre_norm\.', r'ln1\.'],
        ),
    ),
    neck=dict(_delete_=True, type='mmaddp.SimpleFPN', in_channels=768, out_channels=256),
    rpn_head=dict(num_convs=2),
    roi_head=dict(
        bbox_head=dict(
            type='Shared4Conv1FCBBoxHead',
            conv_out_channels=256,
            norm_cfg=norm_cfg,
            init_cfg=[
                dict(type='Normal', std=0.01, override=dict(name='fc_cls')),
                dict(type='Normal', std=0.001, override=dict(name='fc_reg')),
                dict(type='Caffe2Xavier', override=dict(name='shared_fcs')),
            ],
        ),
        mask_head=dict(type='mmaddp.ViTDetMaskHead', norm_cfg=norm_cfg),
    ),
    train_cfg=dict(
        # The best anchors of an object are positive, however little they overlap it.
        rpn=dict(assigner=dict(min_pos_iou=0)),
        rcnn=dict(assigner=dict(match_low_quality=False)),
    ),
)
