# Toy of ADDP's pre-training, with an untrained tokenizer and predictor.
# It learns nothing of use: it is there to try out the machinery in seconds, without a download.
#   python tools/train.py CONFIG   after preparing the data: parts_digits.py
_base_ = [
    './parts_encoder.py',
    './parts_tokenizer.py',
    './parts_predictor.py',
    './parts_digits.py',
]
width = _base_.width

model = dict(
    type='mmaddp.ADDP',
    backbone=dict(
        type='mmaddp.ADDPViT',
        arch=_base_.arch,
        img_size=32,
        patch_size=_base_.patch_size,
        out_type='raw',
    ),
    neck=dict(
        type='mmaddp.ADDPDecoder', in_channels=width, embed_dims=width, num_layers=1, num_heads=2
    ),
    head=dict(type='mmaddp.ADDPHead', embed_dims=width),
    target_generator=dict(
        type='mmaddp.ADDPTargetGenerator',
        tokenizer=_base_.tokenizer,
        token_predictor=_base_.token_predictor,
        grid_size=(4, 4),
    ),
    sampler=dict(type='mmaddp.AlternatingSampler', num_steps=4),
)
val_dataloader = test_dataloader = None
