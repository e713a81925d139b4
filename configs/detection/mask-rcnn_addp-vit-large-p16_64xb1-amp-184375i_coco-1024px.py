# Mask R-CNN on COCO with ADDP's ViT-L, 100 epochs: ViT-B's recipe with drop path 0.4 and layer
# decay 0.8. Needs data/coco and mmaddp://addp-vit-large, or an ADDP checkpoint.
# Source: detectron2's projects/ViTDet/configs/COCO/mask_rcnn_vitdet_l_100ep.py.
# The paper's box AP 54.6 (MAE under ViTDet's recipe: 55.5 box, 49.2 mask): not run.
_base_ = './mask-rcnn_addp-vit-base-p16_64xb1-amp-184375i_coco-1024px.py'

model = dict(
    backbone=dict(
        arch='large',
        drop_path_rate=0.4,
        init_cfg=dict(checkpoint='mmaddp://addp-vit-large'),
    ),
    neck=dict(in_channels=1024),
)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=0.8))
