"""Pictures: what the encoder sees, steps of a generation, samples with their annotations."""

from .trackio_vis_backend import TrackioVisBackend

__all__ = ['TrackioVisBackend']
