import pytest
import torch
from torch import nn

from mmaddp.models.tokenizers.discriminator import (
    PatchDiscriminator,
    adaptive_weight,
    discriminator_loss,
    generator_loss,
)


def test_one_logit_per_patch_and_no_shared_statistics():
    discriminator = PatchDiscriminator(base_channels=8, num_layers=2, num_groups=4)
    images = torch.rand(3, 3, 32, 32)
    logits = discriminator(images)
    assert logits.shape == (3, 1, 6, 6)
    assert torch.allclose(discriminator(images[:1]), logits[:1], atol=1e-5)


def test_hinge_losses():
    real, fake = torch.tensor([2.0, 0.0]), torch.tensor([-3.0, 1.0])
    # relu(1 - real) = 0, 1; relu(1 + fake) = 0, 2
    assert discriminator_loss(real, fake).item() == pytest.approx(0.5 * (0.5 + 1.0))
    assert generator_loss(fake).item() == pytest.approx(1.0)


@pytest.mark.parametrize('scale', [1.0, 64.0])
def test_adaptive_weight_is_the_ratio_of_gradient_norms(scale):
    layer = nn.Linear(4, 2, bias=False)
    y = layer(torch.randn(5, 4))
    recon_loss, adversarial_loss = 3 * y.sum(), y.sum()
    weight = adaptive_weight(recon_loss, adversarial_loss, layer.weight, scale)
    assert weight.item() == pytest.approx(3.0, rel=1e-3)
    assert not weight.requires_grad and layer.weight.grad is None
    flat = adaptive_weight(recon_loss, 0 * adversarial_loss, layer.weight, scale)
    assert flat.item() == pytest.approx(1e4)
