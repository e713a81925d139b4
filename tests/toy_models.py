"""Toy widths for tests: 32-pixel images, 4 x 4 tokens, 24 codes."""

NUM_CODES = 24
GRID = (4, 4)
WIDTH = 16


def toy_tokenizer(**kwargs) -> dict:
    config = dict(
        type='mmaddp.VQGAN',
        base_channels=8,
        channel_multipliers=(1, 1, 1, 2),
        num_res_blocks=1,
        num_codes=NUM_CODES,
        code_dims=6,
        num_groups=4,
    )
    return config | kwargs


def toy_predictor(**kwargs) -> dict:
    config = dict(
        type='mmaddp.MAGEPredictor',
        num_codes=NUM_CODES,
        num_tokens=GRID[0] * GRID[1],
        embed_dims=WIDTH,
        num_layers=1,
        num_heads=2,
        decoder_embed_dims=WIDTH,
        decoder_num_layers=1,
        decoder_num_heads=2,
    )
    return config | kwargs


def toy_target_generator(**kwargs) -> dict:
    config = dict(
        type='mmaddp.ADDPTargetGenerator',
        tokenizer=toy_tokenizer(),
        token_predictor=toy_predictor(),
        grid_size=GRID,
    )
    return config | kwargs


def toy_vit(**kwargs) -> dict:
    arch = dict(embed_dims=WIDTH, num_layers=2, num_heads=2, feedforward_channels=4 * WIDTH)
    config = dict(type='mmaddp.ADDPViT', arch=arch, img_size=32, patch_size=8, out_type='raw')
    return config | kwargs


def toy_decoder(**kwargs) -> dict:
    config = dict(
        type='mmaddp.ADDPDecoder',
        in_channels=WIDTH,
        embed_dims=WIDTH,
        num_layers=2,
        num_heads=2,
        num_tokens=GRID[0] * GRID[1],
        num_codes=NUM_CODES,
    )
    return config | kwargs


def toy_head(**kwargs) -> dict:
    return dict(type='mmaddp.ADDPHead', embed_dims=WIDTH, num_codes=NUM_CODES) | kwargs


def toy_addp(**kwargs) -> dict:
    config = dict(
        type='mmaddp.ADDP',
        backbone=toy_vit(),
        neck=toy_decoder(),
        head=toy_head(),
        target_generator=toy_target_generator(),
        sampler=dict(type='mmaddp.AlternatingSampler', num_steps=5),
    )
    return config | kwargs


def toy_upernet(num_classes: int = 3, **backbone) -> dict:
    """A segmentor of mmsegmentation, scope ``mmseg``, on the encoder with relative positions."""
    norm_cfg = dict(type='BN')
    taps = dict(out_type='featmap', out_indices=(0, 0, 1, 1))
    head = dict(num_classes=num_classes, norm_cfg=norm_cfg, align_corners=False)
    return dict(
        type='EncoderDecoder',
        data_preprocessor=dict(
            type='SegDataPreProcessor',
            mean=[127.5] * 3,
            std=[127.5] * 3,
            bgr_to_rgb=True,
            size=(32, 32),
        ),
        backbone=toy_vit(**taps | backbone) | dict(type='mmaddp.ADDPViTSeg'),
        neck=dict(
            type='Feature2Pyramid', embed_dim=WIDTH, rescales=[4, 2, 1, 0.5], norm_cfg=norm_cfg
        ),
        decode_head=dict(
            type='UPerHead', in_channels=[WIDTH] * 4, in_index=[0, 1, 2, 3], channels=8, **head
        ),
        auxiliary_head=dict(
            type='FCNHead',
            in_channels=WIDTH,
            in_index=2,
            channels=8,
            num_convs=1,
            concat_input=False,
            **head,
        ),
        train_cfg=dict(),
        test_cfg=dict(mode='whole'),
    )
