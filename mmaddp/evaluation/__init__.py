from .class_report import ClassReport
from .fidelity import FidelityMetric
from .image_writer import ImageWriter
from .masked_token_metric import MaskedTokenMetric
from .prediction_writer import PredictionWriter
from .tokenizer_metric import TokenizerMetric

__all__ = [
    'ClassReport',
    'FidelityMetric',
    'ImageWriter',
    'MaskedTokenMetric',
    'PredictionWriter',
    'TokenizerMetric',
]
