"""Encoders: for pre-training and classification, detection, segmentation."""

from .addp_vit import ADDPViT
from .addp_vit_det import ADDPViTDet
from .addp_vit_seg import ADDPViTSeg
from .masked_addp_vit import MaskedADDPViT

__all__ = ['ADDPViT', 'ADDPViTDet', 'ADDPViTSeg', 'MaskedADDPViT']
