# Mask R-CNN on COCO with ADDP's ViT-B, 12 epochs: the 100-epoch recipe, shortened. For comparisons.
# No published score; not run.
_base_ = [
    '../_base_/models/mask-rcnn_addp-vit-base.py',
    '../_base_/datasets/coco_lsj_1024px.py',
    '../_base_/schedules/vitdet_adamw_22125i.py',
    '../_base_/detection_runtime.py',
]
