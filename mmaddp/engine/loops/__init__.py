from .generation_loop import GenerationLoop
from .knn_test_loop import KNNTestLoop

__all__ = ['GenerationLoop', 'KNNTestLoop']
