"""Wrappers of optimizers, and their constructors."""

from .adversarial_constructor import AdversarialOptimWrapperConstructor
from .layer_decay_constructor import LayerDecayConstructor
from .precision_optim_wrapper import PrecisionOptimWrapper
from .weight_decay_constructor import WeightDecayConstructor

__all__ = [
    'AdversarialOptimWrapperConstructor',
    'LayerDecayConstructor',
    'PrecisionOptimWrapper',
    'WeightDecayConstructor',
]
