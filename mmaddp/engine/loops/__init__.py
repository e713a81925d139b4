"""Loops of the Runner; that of generation is in :mod:`mmaddp.engine.generation`."""

from .knn_test_loop import KNNTestLoop
from .train_loops import EpochBasedTrainLoop, IterBasedTrainLoop

__all__ = ['EpochBasedTrainLoop', 'IterBasedTrainLoop', 'KNNTestLoop']
