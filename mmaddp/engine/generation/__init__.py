"""Generation of any number of images into a folder."""

from .generation_loop import GenerationLoop

__all__ = ['GenerationLoop']
