# Continues the released VQGAN (vqgan_jax_strongaug.ckpt, of the MAGE project) on other images;
# shown on ImageNet-1k, whose data config is to be replaced by that of the images at hand.
#   bash tools/dist_train.sh CONFIG 8       8 GPUs, 32 images each
# Needs mmaddp://vqgan and mmaddp://vgg16.
# A lower rate and a short schedule, because the tokenizer is already trained; the codebook is kept,
# and the discriminator, which the release does not contain, starts from scratch. All our own
# choice.
# Expected score: not run.
_base_ = ['./vqgan-f16_8xb32-amp-coslr-100e_in1k-256px.py']
max_epochs = 10
base_lr = 2e-5

model = dict(
    tokenizer=dict(
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmaddp',
            checkpoint='mmaddp://vqgan',
            prefix='tokenizer.',
        )
    ),
    quantize_start=None,
    adversarial_start=5000,
)
optim_wrapper = dict(
    generator=dict(optimizer=dict(lr=base_lr)), discriminator=dict(optimizer=dict(lr=base_lr))
)
train_cfg = dict(max_epochs=max_epochs, val_interval=1)
