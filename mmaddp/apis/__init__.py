from .classification import Classifier, Features, classify, extract_features
from .detection import detect
from .editing import inpaint, outpaint, reconstruct, start_from_images, vary
from .model import build_model
from .segmentation import segment
from .trajectory import draw_trajectory, record_trajectory, save_animation, trajectory_strip
from .visualization import generation_steps, target_images

__all__ = [
    'Classifier',
    'Features',
    'build_model',
    'classify',
    'detect',
    'draw_trajectory',
    'extract_features',
    'generation_steps',
    'inpaint',
    'outpaint',
    'reconstruct',
    'record_trajectory',
    'save_animation',
    'segment',
    'start_from_images',
    'target_images',
    'trajectory_strip',
    'vary',
]
