# Cascade Mask R-CNN on COCO with ADDP's ViT-B, 100 epochs: the recipe of Mask R-CNN with three box
# heads with IoU thresholds of 0.5, 0.6 and 0.7, class-agnostic box regression, and one mask head
# that learns from the boxes of the first. Source: detectron2's projects/ViTDet/configs/COCO/
# cascade_mask_rcnn_vitdet_b_100ep.py and modeling/roi_heads/cascade_rcnn.py. With MAE it reaches
# 54.0 box AP and 46.7 mask AP; this configuration: not run.
_base_ = './mask-rcnn_addp-vit-base-p16_64xb1-amp-184375i_coco-1024px.py'

stages = ((0.5, 0.1, 0.2), (0.6, 0.05, 0.1), (0.7, 1 / 30, 1 / 15))
box_head = _base_.model.roi_head.bbox_head
rcnn = _base_.model.train_cfg.rcnn

model = dict(
    type='CascadeRCNN',
    roi_head=dict(
        type='mmaddp.ViTDetCascadeRoIHead',
        bbox_head=[
            {
                **box_head,
                'reg_class_agnostic': True,
                'bbox_coder': {**box_head.bbox_coder, 'target_stds': [centre, centre, size, size]},
            }
            for _, centre, size in stages
        ],
    ),
    train_cfg=dict(
        rcnn=[
            {
                **rcnn,
                'assigner': {
                    **rcnn.assigner,
                    'pos_iou_thr': iou,
                    'neg_iou_thr': iou,
                    'min_pos_iou': iou,
                },
                # Boxes are sampled once; the next stages take all of them.
                'sampler': rcnn.sampler if stage == 0 else dict(type='PseudoSampler'),
            }
            for stage, (iou, _, _) in enumerate(stages)
        ],
    ),
)
