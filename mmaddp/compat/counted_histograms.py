"""Histograms of 8-bit pictures by counting."""

import sys
from types import ModuleType

import numpy as np


def histogram(samples: np.ndarray, bins: int, limits: tuple) -> tuple[np.ndarray, np.ndarray]:
    """``np.histogram``; where every 8-bit value has a bin of its own, by counting.

    Args:
        samples (np.ndarray): Any shape.
        bins (int): Their number.
        limits (tuple): Lower and upper end, both included.

    Returns:
        tuple: Counts, and the edges of the bins.
    """
    if samples.dtype != np.uint8 or (bins, limits) != (256, (0, 255)):
        return np.histogram(samples, bins, limits)
    counts = np.bincount(samples.reshape(-1), minlength=256)
    return counts, np.histogram_bin_edges(samples[:0], bins, limits)


def install() -> None:
    """Give ``mmcv.image.photometric`` a NumPy with this histogram."""
    numpy = ModuleType('numpy')
    numpy.__dict__.update(vars(np), histogram=histogram)
    sys.modules['mmcv.image.photometric'].np = numpy
