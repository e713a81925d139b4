"""Agreement of our network with recorded numbers of the official implementation."""

from .compare import Row, compare
from .recompute import recompute
from .recording import Recording, build_recorded_model

__all__ = ['Recording', 'Row', 'build_recorded_model', 'compare', 'recompute']
