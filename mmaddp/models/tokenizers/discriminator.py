"""The discriminator that judges patches of a picture, and its losses."""

import torch
from mmengine.dist import all_reduce
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmaddp.registry import MODELS


@MODELS.register_module()
class PatchDiscriminator(BaseModule):
    """Convolutional discriminator with one verdict per patch (PatchGAN, arXiv 1611.07004).

    Group norm stands where PatchGAN has batch norm, so that a verdict depends on one picture only
    and the processes of a distributed run share no statistics.

    Args:
        base_channels (int): Channels of the first convolution, a multiple of ``num_groups``.
            Defaults to 64.
        num_layers (int): Convolutions of stride 2; the patch grows with their number.
            Defaults to 3 (patches of 70 pixels); 2 suits pictures of 32 pixels.
        num_groups (int): Groups of the normalisation. Defaults to 32.
        num_channels (int): Channels of the pictures. Defaults to 3.
        init_cfg (dict, optional): Initialisation. Defaults to None, normal with std 0.02.
    """

    def __init__(
        self,
        base_channels: int = 64,
        num_layers: int = 3,
        num_groups: int = 32,
        num_channels: int = 3,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg or dict(type='Normal', layer='Conv2d', std=0.02))
        layers = [nn.Conv2d(num_channels, base_channels, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        channels = base_channels
        for index in range(1, num_layers + 1):
            wider = base_channels * min(2**index, 8)
            stride = 2 if index < num_layers else 1
            layers += [
                nn.Conv2d(channels, wider, 4, stride=stride, padding=1, bias=False),
                nn.GroupNorm(num_groups, wider),
                nn.LeakyReLU(0.2),
            ]
            channels = wider
        layers.append(nn.Conv2d(channels, 1, 4, padding=1))
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """Judge pictures.

        Args:
            images (Tensor): RGB around [0, 1], shape (B, 3, H, W).

        Returns:
            Tensor: One logit per patch, high for real, shape (B, 1, h, w).
        """
        return self.layers(2 * images - 1)


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Hinge loss of the discriminator, over patches of any shape."""
    return 0.5 * (F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean())


def generator_loss(fake_logits: Tensor) -> Tensor:
    """Hinge loss of the generator, over patches of any shape."""
    return -fake_logits.mean()


def adaptive_weight(
    recon_loss: Tensor, adversarial_loss: Tensor, last_weight: Tensor, scale: float = 1.0
) -> Tensor:
    """Weight that makes both losses pull equally at the decoder's last layer.

    The ratio of gradient norms of VQGAN (arXiv 2012.09841, equation 7). The gradients are those of
    all processes together, so that the weight does not depend on how the batch is divided.

    Args:
        recon_loss (Tensor): Scalar, reconstruction (and perceptual) loss.
        adversarial_loss (Tensor): Scalar, the generator's adversarial loss.
        last_weight (Tensor): Weight of the decoder's last layer, in the graph of both losses.
        scale (float): Factor on both losses while they are differentiated, which keeps gradients
            within the range of float16. Defaults to 1.

    Returns:
        Tensor: Scalar without gradient, in [0, 10000].
    """
    grads = torch.stack(
        [
            torch.autograd.grad(loss * scale, last_weight, retain_graph=True)[0].float()
            for loss in (recon_loss, adversarial_loss)
        ]
    )
    all_reduce(grads, 'mean')
    recon, adversarial = grads.flatten(1).norm(dim=1) / scale
    return (recon / (adversarial + 1e-4)).clamp(max=1e4).detach()
