"""The mask head with the initial values of detectron2."""

from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from torch import nn

from mmaddp.registry import MODELS


@MODELS.register_module()
class ViTDetMaskHead(FCNMaskHead):
    """mmdetection's mask head whose last layer starts at N(0, 0.001), as in detectron2.

    All masks are then close to one half at first. mmdetection's own starts with a standard
    deviation of 0.158 (He et al.). Arguments are those of ``FCNMaskHead``.
    """

    def init_weights(self) -> None:
        """Initialise as mmdetection does, then the predictor as detectron2 does."""
        super().init_weights()
        nn.init.normal_(self.conv_logits.weight, std=0.001)
