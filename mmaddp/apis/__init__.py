from .classification import Classifier, Features, classify, extract_features
from .model import build_model
from .segmentation import segment
from .visualization import generation_steps, reconstruct, target_images

__all__ = [
    'Classifier',
    'Features',
    'build_model',
    'classify',
    'extract_features',
    'generation_steps',
    'reconstruct',
    'segment',
    'target_images',
]
