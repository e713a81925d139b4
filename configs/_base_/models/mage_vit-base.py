# MAGE with ViT-B: encoder 12 x 768, decoder 8 x 768 with 16 heads, dropout 0.1, label smoothing
# 0.1, half of all positions dropped from the encoder. Numbers from MAGE's README and
# main_pretrain.py.
_base_ = ['./parts_tokenizer_vqgan.py', './parts_predictor_mage_vit-base.py']

tokenizer_checkpoint = 'mmaddp://vqgan'

model = dict(
    type='mmaddp.MAGE',
    tokenizer=dict(
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmaddp',
            checkpoint=tokenizer_checkpoint,
            prefix='tokenizer.',
        ),
        **_base_.tokenizer,
    ),
    token_predictor=dict(num_tokens=256, **_base_.token_predictor),
    mask_sampler=dict(
        type='mmaddp.MAGEMaskSampler',
        min_ratio=0.5,
        max_ratio=1.0,
        mean=0.55,
        std=0.25,
        drop_ratio=0.5,
    ),
    label_smoothing=0.1,
)
