"""Distance between pictures in the features of a VGG16."""

import warnings
from itertools import pairwise
from typing import Optional

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F
from torchvision.models.vgg import cfgs, make_layers

from mmaddp.registry import MODELS

# Ends of the slices in the features of torchvision's vgg16: relu1_2, 2_2, 3_3, 4_3 and 5_3.
SLICE_ENDS = (4, 9, 16, 23, 30)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@MODELS.register_module()
class PerceptualLoss(BaseModule):
    """Squared distance of unit-normalised VGG16 features, averaged over five depths.

    The form of LPIPS (arXiv 1801.03924) without its learned channel weights. The network is
    frozen. Its weights are torchvision's ImageNet ones, read from a file that the user names;
    nothing is ever downloaded. The file's classifier is left over:
    ``init_cfg=dict(type='Pretrained', _scope_='mmaddp', checkpoint='vgg16-397923af.pth',
    allow_unexpected=['classifier'])``.

    Args:
        init_cfg (dict, optional): Where the weights are. Defaults to None: random features, with
            a warning.
    """

    def __init__(self, init_cfg: Optional[dict] = None):
        super().__init__(init_cfg=init_cfg)
        # The convolutional part of torchvision's vgg16, built without its large classifier.
        self.features = make_layers(cfgs['D'], batch_norm=False)[: SLICE_ENDS[-1]]
        for layer in self.features:
            if hasattr(layer, 'inplace'):
                layer.inplace = False
        self.register_buffer('mean', torch.tensor(IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(IMAGENET_STD).view(3, 1, 1), persistent=False)
        self.requires_grad_(False)
        self.eval()

    def init_weights(self) -> None:
        """Load the weights, or say that there are none."""
        if self.init_cfg is None:
            warnings.warn(
                'PerceptualLoss has random weights: name a file of torchvision VGG16 weights in '
                'its init_cfg, or leave the perceptual loss out.',
                stacklevel=2,
            )
        super().init_weights()

    def train(self, mode: bool = True) -> 'PerceptualLoss':
        """Stay in evaluation mode whatever ``mode`` says."""
        return super().train(False)

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Compare pictures.

        Args:
            images (Tensor): RGB around [0, 1], shape (B, 3, H, W), H and W at least 16.
            targets (Tensor): The same, without gradient.

        Returns:
            Tensor: Scalar distance, in [0, 4].
        """
        x = (torch.cat([images, targets.to(images)]) - self.mean) / self.std
        distance = 0.0
        for start, end in pairwise((0, *SLICE_ENDS)):
            x = self.features[start:end](x)
            ours, theirs = F.normalize(x.float(), dim=1).chunk(2)
            distance = distance + (ours - theirs).square().sum(dim=1).mean()
        return distance / len(SLICE_ENDS)
