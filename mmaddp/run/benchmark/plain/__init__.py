"""What the official code does, written out, to compare with.

Functions and classes here read the weights of our modules but run none of their forward passes:
float32 attention with all weights in memory, one call of the predictor per mask, contiguous
tensors, logits of the whole vocabulary at every position, every network on every step, PyTorch's
AdamW as it comes. Where randomness enters, it is drawn as ours is, so that results are comparable.
"""

from .generation import PlainGeneration
from .tokenizer import PlainTokenizer
from .training import PlainClassification, PlainPretraining, PlainStep

__all__ = [
    'PlainClassification',
    'PlainGeneration',
    'PlainPretraining',
    'PlainStep',
    'PlainTokenizer',
]
