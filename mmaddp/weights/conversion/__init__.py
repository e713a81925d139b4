"""Checkpoints of others to ours, and ours to those of others."""

from .encoder import Encoder, read_encoder
from .files import check_ending, convert_meta, write_weights
from .from_official import PARTS, Converted, convert_official, take_part
from .to_official import OfficialLayout, to_official
from .to_others import PRE_NORM, huggingface_preprocessor, to_huggingface, to_mae, to_timm

__all__ = [
    'PARTS',
    'PRE_NORM',
    'Converted',
    'Encoder',
    'OfficialLayout',
    'check_ending',
    'convert_meta',
    'convert_official',
    'huggingface_preprocessor',
    'read_encoder',
    'take_part',
    'to_huggingface',
    'to_mae',
    'to_official',
    'to_timm',
    'write_weights',
]
