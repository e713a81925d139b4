# COCO 2017 with boxes and masks at 1024 pixels, large-scale jitter as in ViTDet: flip, resizing to
# 0.1 to 2.0 times what fits into 1024, random crop of 1024, boxes recomputed from the cropped
# masks; a crop without objects is kept. Test: the image fitted into 1024. Padding: the
# preprocessor's. Images are resized by Pillow, which averages over what it shrinks. What differs
# from ViTDet: masks are bitmaps, not polygons, boxes below 0.01 pixels are dropped, not below
# 0.00001, and the two offsets of a crop are drawn separately.
# Source: detectron2's configs/common/coco_loader_lsj.py and configs/common/data/coco.py.
# 64 GPUs x 1 image. Layout: data/coco/{train2017,val2017}, data/coco/annotations.
_base_ = 'mmdet::_base_/datasets/coco_instance.py'

image_size = 1024
resizing = dict(keep_ratio=True, interpolation='bilinear', backend='pillow')
train_pipeline = [
    dict(type='mmaddp.CheckImageFile'),
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='RandomResize',
        scale=(image_size, image_size),
        ratio_range=(0.1, 2.0),
        **resizing,
    ),
    dict(
        type='RandomCrop',
        crop_size=(image_size, image_size),
        recompute_bbox=True,
        allow_negative_crop=True,
    ),
    dict(type='FilterAnnotations', min_gt_bbox_wh=(1e-2, 1e-2), keep_empty=False),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='mmaddp.CheckImageFile'),
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(image_size, image_size), **resizing),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
    ),
]

train_dataloader = dict(
    batch_size=1,
    num_workers=4,
    sampler=dict(_delete_=True, type='mmaddp.SeededInfiniteSampler', shuffle=True),
    batch_sampler=None,
    # Only images without any annotation are left out, as in ViTDet.
    dataset=dict(pipeline=train_pipeline, filter_cfg=dict(filter_empty_gt=True, min_size=0)),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
