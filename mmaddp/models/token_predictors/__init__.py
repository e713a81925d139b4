"""Predictors of hidden tokens from visible ones."""

from .mage import MAGE
from .mage_masks import MAGEMasks, MAGEMaskSampler
from .mage_predictor import MAGEPredictor

__all__ = ['MAGE', 'MAGEMaskSampler', 'MAGEMasks', 'MAGEPredictor']
