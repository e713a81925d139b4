from .model import build_model
from .visualization import generation_steps, reconstruct, target_images

__all__ = ['build_model', 'generation_steps', 'reconstruct', 'target_images']
