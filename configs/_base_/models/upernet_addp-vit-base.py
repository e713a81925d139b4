# UperNet on ADDP's ViT-B: mmsegmentation's MAE recipe (configs/mae/), which SiameseIM, of ADDP's
# group, names as its own for ADE20k; ADDP's settings are not public.
# Kept from there: taps, pyramid, heads, LayerScale 1.0, relative position biases per layer,
# initialised to zero, absolute positions bicubically resized, no final norm. Different: see
# ADDPViTSeg.
_base_ = 'mmseg::_base_/models/upernet_mae.py'

num_classes = 150
checkpoint = 'mmaddp://addp-vit-base'

# Batch norm, which is synchronised over the GPUs where there are several: sync_bn below. A process
# needs at least two images: the one-pixel pooling branch cannot compute batch statistics from a
# single image.
norm_cfg = dict(type='BN', requires_grad=True)
sync_bn = 'torch'

head = dict(num_classes=num_classes, norm_cfg=norm_cfg)
model = dict(
    data_preprocessor=dict(size=(512, 512)),
    backbone=dict(
        _delete_=True,
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
    neck=dict(norm_cfg=norm_cfg),
    decode_head=dict(in_channels=[768] * 4, channels=768, **head),
    auxiliary_head=dict(in_channels=768, **head),
    test_cfg=dict(mode='slide', crop_size=(512, 512), stride=(341, 341)),
)
