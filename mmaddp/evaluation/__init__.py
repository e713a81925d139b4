"""Metrics of all tasks; importing this package fills the registry."""

from .class_report import ClassReport
from .fidelity import FidelityMetric
from .masked_token_metric import MaskedTokenMetric
from .prediction_writer import PredictionWriter
from .tokenizer_metric import TokenizerMetric

__all__ = [
    'ClassReport',
    'FidelityMetric',
    'MaskedTokenMetric',
    'PredictionWriter',
    'TokenizerMetric',
]
