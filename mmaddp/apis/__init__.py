"""The Python interface for users; no other room of the package imports it."""

from mmaddp.run.model_list import list_configs, list_models
from mmaddp.visualization.target_pictures import generation_steps, target_images
from mmaddp.visualization.trajectory import (
    draw_trajectory,
    record_trajectory,
    save_animation,
    trajectory_strip,
)
from mmaddp.weights.model import build_model

from .classification import classify
from .detection import detect
from .edit_files import EditSettings, edit_files
from .editing import inpaint, outpaint, reconstruct, start_from_images, vary
from .features import extract_features
from .generation import generate
from .image_files import load_images, load_mask
from .loaded_model import LoadedModel
from .loading import load
from .segmentation import segment

__all__ = [
    'EditSettings',
    'LoadedModel',
    'build_model',
    'classify',
    'detect',
    'draw_trajectory',
    'edit_files',
    'extract_features',
    'generate',
    'generation_steps',
    'inpaint',
    'list_configs',
    'list_models',
    'load',
    'load_images',
    'load_mask',
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
