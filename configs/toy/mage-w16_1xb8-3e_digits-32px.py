# Toy of the token predictor's training, on tokens of an untrained tokenizer.
# It learns nothing of use: it is there to try out the machinery in seconds, without a download.
#   python tools/train.py CONFIG   after preparing the data: parts_digits.py
_base_ = ['./parts_tokenizer.py', './parts_predictor.py', './parts_digits.py']

model = dict(
    type='mmaddp.MAGE',
    tokenizer=_base_.tokenizer,
    token_predictor=dict(num_tokens=16, **_base_.token_predictor),
)
val_evaluator = dict(type='mmaddp.MaskedTokenMetric')
test_evaluator = val_evaluator
val_cfg = test_cfg = dict()
