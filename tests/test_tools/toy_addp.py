# ADDP small enough for every test: 16-pixel images, 4 x 4 tokens of 8 codes. Data and weights do
# not exist; the tests say where they are or leave them out.
_base_ = [
    '../../configs/_base_/schedules/addp_adamw_coslr_1600e.py',
    '../../configs/_base_/default_runtime.py',
]
tokenizer_checkpoint = 'absent/tokenizer.pth'
predictor_checkpoint = 'absent/predictor.pth'

model = dict(
    type='mmaddp.ADDP',
    backbone=dict(
        type='mmaddp.ADDPViT',
        arch=dict(embed_dims=16, num_layers=1, num_heads=2, feedforward_channels=32),
        img_size=16,
        patch_size=4,
        out_type='raw',
    ),
    neck=dict(
        type='mmaddp.ADDPDecoder',
        in_channels=16,
        embed_dims=16,
        num_layers=1,
        num_heads=2,
    ),
    head=dict(type='mmaddp.ADDPHead', embed_dims=16),
    target_generator=dict(
        type='mmaddp.ADDPTargetGenerator',
        tokenizer=dict(
            type='mmaddp.VQGAN',
            base_channels=8,
            channel_multipliers=(1, 1, 1),
            num_res_blocks=1,
            num_codes=8,
            code_dims=4,
            num_groups=4,
            init_cfg=dict(
                type='Pretrained',
                _scope_='mmaddp',
                checkpoint=tokenizer_checkpoint,
                prefix='tokenizer.',
            ),
        ),
        token_predictor=dict(
            type='mmaddp.MAGEPredictor',
            embed_dims=16,
            num_layers=1,
            num_heads=2,
            decoder_embed_dims=16,
            decoder_num_layers=1,
            decoder_num_heads=2,
            init_cfg=dict(
                type='Pretrained',
                _scope_='mmaddp',
                checkpoint=predictor_checkpoint,
                prefix='token_predictor.',
            ),
        ),
        grid_size=(4, 4),
        mask_sampler=dict(type='mmaddp.NestedMaskSampler', min_ratio=0.5, mean=0.55, std=0.25),
    ),
)
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='mmaddp.SeededSampler', seed=0),
    dataset=dict(
        type='mmaddp.SeededDataset',
        dataset=dict(
            type='CustomDataset',
            data_root='absent/images',
            with_label=False,
            pipeline=[
                dict(type='mmaddp.LoadRGBImage'),
                dict(type='RandomResizedCrop', scale=16, crop_ratio_range=(0.2, 1.0)),
                dict(type='PackInputs'),
            ],
        ),
    ),
)
param_scheduler = dict(warmup=1)
train_cfg = dict(max_epochs=5)
