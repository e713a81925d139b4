"""Loops of the Runner; that of generation is in :mod:`mmaddp.engine.generation`."""

from .knn_test_loop import KNNTestLoop

__all__ = ['KNNTestLoop']
