# Cascade Mask R-CNN on COCO with ADDP's ViT-B, 100 epochs: the recipe of Mask R-CNN with three box
# heads of growing IoU 0.5, 0.6, 0.7 and boxes regressed for all classes alike. Source: detectron2's
# projects/ViTDet/configs/COCO/cascade_mask_rcnn_vitdet_b_100ep.py; the weights of the three stages
# are mmdetection's. MAE under this recipe: 54.0 box, 46.7 mask; ADDP: not run.
_base_ = './mask-rcnn_addp-vit-base-p16_64xb1-amp-184375i_coco-1024px.py'

stages = ((0.5, 0.1, 0.2), (0.6, 0.05, 0.1), (0.7, 1 / 30, 1 / 15))
box_head = _base_.model.roi_head.bbox_head
rcnn = _base_.model.train_cfg.rcnn

model = dict(
    type='CascadeRCNN',
    roi_head=dict(
        type='CascadeRoIHead',
        num_stages=3,
        stage_loss_weights=[1, 0.5, 0.25],
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
                    'match_low_quality': False,
                },
            }
            for iou, _, _ in stages
        ],
    ),
)
