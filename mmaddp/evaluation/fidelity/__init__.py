"""Scores of generated images: FID, Inception Score, KID, precision and recall."""

from .evaluate import load_references, named_sets, score_images
from .extractors import BackboneExtractor, Extractor, FidelityExtractor
from .features import extract_set_features, gather_features
from .fidelity_metric import FidelityMetric
from .image_sets import FolderImages, ImageSet
from .npz import NpzImages
from .protocol import generation_run, protocol, protocol_text
from .reference import Need, Reference, ReferenceStore, open_images, open_reference
from .scorer import Scorer
from .scores import ScoreSettings, check_numbers

__all__ = [
    'BackboneExtractor',
    'Extractor',
    'FidelityExtractor',
    'FidelityMetric',
    'FolderImages',
    'ImageSet',
    'Need',
    'NpzImages',
    'Reference',
    'ReferenceStore',
    'ScoreSettings',
    'Scorer',
    'check_numbers',
    'extract_set_features',
    'gather_features',
    'generation_run',
    'load_references',
    'named_sets',
    'open_images',
    'open_reference',
    'protocol',
    'protocol_text',
    'score_images',
]
