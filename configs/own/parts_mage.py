# Training of a token predictor on cached tokens. Children set tokenizer and predictor, and the
# lengths.
_base_ = './parts_tokens.py'

model = dict(
    type='mmaddp.MAGE',
    tokenizer=dict(init_cfg=dict(type='Pretrained', _scope_='mmaddp', prefix='tokenizer.')),
)
