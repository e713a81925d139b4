from .adversarial_constructor import AdversarialOptimWrapperConstructor
from .weight_decay_constructor import WeightDecayConstructor

__all__ = ['AdversarialOptimWrapperConstructor', 'WeightDecayConstructor']
