# Faster R-CNN on COCO with ADDP's ViT-B, 12 epochs: boxes only, for data without masks. The recipe
# is that of Mask R-CNN without its mask head; a crop clips the boxes instead of computing new ones
# from masks. Not run.
_base_ = './mask-rcnn_addp-vit-base-p16_64xb1-amp-22125i_coco-1024px.py'

model = dict(
    type='FasterRCNN',
    data_preprocessor=dict(pad_mask=False),
    roi_head=dict(mask_roi_extractor=None, mask_head=None),
)
boxes = dict(with_mask=False)
crop = dict(recompute_bbox=False)
train_pipeline = [
    {**step, **dict(LoadAnnotations=boxes, RandomCrop=crop).get(step['type'], {})}
    for step in _base_.train_pipeline
]
test_pipeline = [
    {**step, **dict(LoadAnnotations=boxes).get(step['type'], {})} for step in _base_.test_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(metric='bbox')
test_evaluator = val_evaluator
