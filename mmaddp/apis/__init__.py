"""What people call from Python; nothing below imports it."""

from mmaddp.visualization.target_pictures import generation_steps, target_images
from mmaddp.visualization.trajectory import (
    draw_trajectory,
    record_trajectory,
    save_animation,
    trajectory_strip,
)
from mmaddp.weights.model import build_model

from .classification import Classifier, Features, classify, extract_features
from .detection import detect
from .editing import inpaint, outpaint, reconstruct, start_from_images, vary
from .segmentation import segment

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
