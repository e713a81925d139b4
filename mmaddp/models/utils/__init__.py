from .data_preprocessor import ADDPDataPreprocessor
from .grid_attention import GridAttention
from .tied_output import TiedOutput
from .transformer_layer import PaddedTransformerLayer, init_as_released
from .vocabulary import Vocabulary

__all__ = [
    'ADDPDataPreprocessor',
    'GridAttention',
    'PaddedTransformerLayer',
    'TiedOutput',
    'Vocabulary',
    'init_as_released',
]
