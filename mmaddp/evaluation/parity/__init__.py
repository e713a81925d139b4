"""Agreement of our network with recorded numbers of the official implementation."""

from .compare import BF16_LIMITS, LIMITS, Row, compare
from .recompute import recompute
from .recording import Recording, build_recorded_model

__all__ = [
    'BF16_LIMITS',
    'LIMITS',
    'Recording',
    'Row',
    'build_recorded_model',
    'compare',
    'recompute',
]
