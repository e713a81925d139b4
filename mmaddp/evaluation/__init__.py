from .fidelity import FidelityMetric
from .image_writer import ImageWriter
from .masked_token_metric import MaskedTokenMetric
from .tokenizer_metric import TokenizerMetric

__all__ = ['FidelityMetric', 'ImageWriter', 'MaskedTokenMetric', 'TokenizerMetric']
