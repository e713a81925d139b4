# Toy of the tokenizer's training, with a discriminator and with codes that are revived.
# It learns nothing of use: it is there to try out the machinery in seconds, without a download.
#   python tools/train.py CONFIG   after preparing the data: parts_digits.py
_base_ = ['./parts_tokenizer.py', './parts_digits.py']

model = dict(
    type='mmaddp.VQGANTraining',
    tokenizer=_base_.tokenizer,
    discriminator=dict(
        type='mmaddp.PatchDiscriminator', base_channels=8, num_layers=2, num_groups=4
    ),
    adversarial_start=3,
    quantize_start=2,
    revival_interval=3,
)
model_wrapper_cfg = dict(type='mmaddp.SeparateDistributedDataParallel')
part_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3, betas=(0.5, 0.9), fused=True)
)
optim_wrapper = dict(
    _delete_=True,
    constructor='mmaddp.AdversarialOptimWrapperConstructor',
    generator=part_wrapper,
    discriminator=part_wrapper,
)
val_evaluator = dict(type='mmaddp.TokenizerMetric')
test_evaluator = val_evaluator
val_cfg = test_cfg = dict()
