# UperNet on ADDP's ViT-B: mmsegmentation's MAE recipe (configs/mae/), which SiameseIM, of ADDP's
# group, names as its own for ADE20k; ADDP's settings are not public.
# Kept from there: taps, pyramid, heads, LayerScale 1.0, relative position biases per layer, zero
# at first, absolute positions bicubically resized, no final norm. Different: see ADDPViTSeg.
num_classes = 150
checkpoint = 'mmaddp://addp-vit-base'

# Batch norm, which is synchronised over the GPUs where there are several: sync_bn below. A process
# needs at least two images: the pooling branch of one pixel has no statistics of its own.
norm_cfg = dict(type='BN', requires_grad=True)
sync_bn = 'torch'

model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size=(512, 512),
    ),
    backbone=dict(
        type='mmaddp.ADDPViTSeg',
        arch='base',
        img_size=512,
        patch_size=16,
        # Without the norm in front of the blocks, as in the official fine-tuning.
        pre_norm=False,
        final_norm=False,
        layer_scale_init_value=1.0,
        drop_path_rate=0.1,
        out_type='featmap',
        out_indices=(3, 5, 7, 11),
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmaddp',
            checkpoint=checkpoint,
            prefix='backbone.',
            allow_missing=[r'layers\.\d+\.(rel_pos_bias|attn\.gamma1|ffn\.gamma2)\.'],
            allow_unexpected=[r'pre_norm\.', r'ln1\.'],
        ),
    ),
    neck=dict(type='Feature2Pyramid', embed_dim=768, rescales=[4, 2, 1, 0.5], norm_cfg=norm_cfg),
    decode_head=dict(
        type='UPerHead',
        in_channels=[768] * 4,
        in_index=[0, 1, 2, 3],
        pool_scales=(1, 2, 3, 6),
        channels=768,
        dropout_ratio=0.1,
        num_classes=num_classes,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
    ),
    auxiliary_head=dict(
        type='FCNHead',
        in_channels=768,
        in_index=2,
        channels=256,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        num_classes=num_classes,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=0.4),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='slide', crop_size=(512, 512), stride=(341, 341)),
)
