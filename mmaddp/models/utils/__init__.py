"""Parts that several models share."""

from .data_preprocessor import ADDPDataPreprocessor
from .grid_attention import GridAttention
from .relative_position import RelativePositionBias
from .separate_parts import SeparateDistributedDataParallel
from .tied_output import TiedOutput
from .transformer_layer import MaskedAttention, PaddedTransformerLayer, init_as_released

__all__ = [
    'ADDPDataPreprocessor',
    'GridAttention',
    'MaskedAttention',
    'PaddedTransformerLayer',
    'RelativePositionBias',
    'SeparateDistributedDataParallel',
    'TiedOutput',
    'init_as_released',
]
