"""Agreement of our network with recorded numbers of the official implementation."""

from .compare import Row, compare
from .recompute import recompute
from .reference import Reference, build_model

__all__ = ['Reference', 'Row', 'build_model', 'compare', 'recompute']
