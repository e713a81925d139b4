"""Tokenizers: from images to tokens and back."""

from .discriminator import PatchDiscriminator
from .perceptual_loss import PerceptualLoss
from .vqgan import VQGAN
from .vqgan_training import VQGANTraining

__all__ = ['VQGAN', 'PatchDiscriminator', 'PerceptualLoss', 'VQGANTraining']
