# VQGAN tokenizer on ImageNet-1k at 256 pixels, from scratch: 16 x 16 tokens of 1024 codes.
#   python tools/train.py CONFIG            one process
#   bash tools/dist_train.sh CONFIG 8       8 GPUs, 32 images each
#   python tools/test.py CONFIG CHECKPOINT  PSNR, L1, codebook usage, perplexity
#   python tools/analysis_tools/eval_generation.py --config CONFIG --checkpoints CHECKPOINT
#                                           reconstruction FID (docs/scores.md)
# Needs mmaddp://vgg16 (torchvision) or model.perceptual_loss=None.
# Neither ADDP nor MAGE publishes this training. Batch 256 and learning rate 1e-4 follow MaskGIT
# (arXiv 2202.04200), betas VQGAN; epochs (about 500,000 iterations), warm-up, schedule and bfloat16
# are our own choice.
# Expected score: not run.
_base_ = [
    '../_base_/models/vqgan.py',
    '../_base_/datasets/imagenet_256px.py',
    '../_base_/datasets/imagenet_256px_val.py',
    '../_base_/default_runtime.py',
]
max_epochs = 100
base_lr = 1e-4

train_dataloader = dict(batch_size=32)

part_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='bfloat16',
    optimizer=dict(type='Adam', lr=base_lr, betas=(0.5, 0.9), fused=True),
)
optim_wrapper = dict(
    constructor='mmaddp.AdversarialOptimWrapperConstructor',
    generator=part_wrapper,
    discriminator=part_wrapper,
)
param_scheduler = dict(type='mmaddp.WarmupCosineLR', warmup=1, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=5)
auto_scale_lr = dict(enable=False, base_batch_size=256)

val_cfg = dict()
val_evaluator = dict(type='mmaddp.TokenizerMetric')
test_cfg = dict()
test_evaluator = val_evaluator
