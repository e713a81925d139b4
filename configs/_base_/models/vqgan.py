# Training of the tokenizer in its released size. Sizes: the released weights; codebook, commitment
# and adversarial weights and the patch discriminator: VQGAN (arXiv 2012.09841), but with group norm
# in the discriminator. Codebook initialisation and revival are our own choice, and so is VGG16
# without LPIPS' learned channel weights.
_base_ = ['./parts_tokenizer_vqgan.py']

# torchvision's ImageNet weights of VGG16; never downloaded. To train without the perceptual loss:
# --cfg-options model.perceptual_loss=None
vgg16_checkpoint = 'mmaddp://vgg16'

model = dict(
    type='mmaddp.VQGANTraining',
    tokenizer=_base_.tokenizer,
    discriminator=dict(type='mmaddp.PatchDiscriminator', base_channels=64, num_layers=3),
    perceptual_loss=dict(
        type='mmaddp.PerceptualLoss',
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmaddp',
            checkpoint=vgg16_checkpoint,
            allow_unexpected=['classifier'],
        ),
    ),
    codebook_weight=1.0,
    commitment_weight=0.25,
    perceptual_weight=1.0,
    adversarial_weight=0.8,
    adversarial_start=50000,
    quantize_start=2000,
    revival_interval=500,
)
# Each part has its own optimiser, and so its own distributed wrapper.
model_wrapper_cfg = dict(type='mmaddp.SeparateDistributedDataParallel')
