# Pre-training of ADDP on cached tokens, with the tokenizer and the predictor of the stages before.
# Children set encoder, decoder, tokenizer and predictor, and the lengths.
_base_ = ['./parts_tokens.py', '../_base_/generation/images_from_seeds.py']

model = dict(
    type='mmaddp.ADDP',
    backbone=dict(type='mmaddp.ADDPViT', out_type='raw'),
    neck=dict(type='mmaddp.ADDPDecoder'),
    head=dict(type='mmaddp.ADDPHead'),
    target_generator=dict(
        type='mmaddp.ADDPTargetGenerator',
        tokenizer=dict(init_cfg=dict(type='Pretrained', _scope_='mmaddp', prefix='tokenizer.')),
        token_predictor=dict(
            init_cfg=dict(type='Pretrained', _scope_='mmaddp', prefix='token_predictor.')
        ),
    ),
    sampler=dict(
        type='mmaddp.AlternatingSampler',
        num_steps=12,
        schedule='cosine',
        choice_temperature=6.0,
        top_p=0.9,
    ),
)
test_cfg = dict(grid_zoom=1)
