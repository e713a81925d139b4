"""Constructors of optimizer wrappers."""

from .adversarial_constructor import AdversarialOptimWrapperConstructor
from .layer_decay_constructor import LayerDecayConstructor
from .weight_decay_constructor import WeightDecayConstructor

__all__ = [
    'AdversarialOptimWrapperConstructor',
    'LayerDecayConstructor',
    'WeightDecayConstructor',
]
