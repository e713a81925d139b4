"""Parts that several models share."""

from .data_preprocessor import ADDPDataPreprocessor
from .dropout import QuickDropout, use_quick_dropout
from .frozen_copy import in_autocast
from .grid_attention import GridAttention
from .relative_position import RelativePositionBias
from .rows import masked_rows, spread_rows, take_rows
from .separate_parts import SeparateDistributedDataParallel
from .tied_output import TiedOutput
from .transformer_layer import MaskedAttention, PaddedTransformerLayer, init_as_released

__all__ = [
    'ADDPDataPreprocessor',
    'GridAttention',
    'MaskedAttention',
    'PaddedTransformerLayer',
    'QuickDropout',
    'RelativePositionBias',
    'SeparateDistributedDataParallel',
    'TiedOutput',
    'in_autocast',
    'init_as_released',
    'masked_rows',
    'spread_rows',
    'take_rows',
    'use_quick_dropout',
]
