"""Arrays without gaps for Pillow."""

import functools
import sys
from collections.abc import Callable

import numpy as np


def _without_gaps(imresize: Callable) -> Callable:
    @functools.wraps(imresize)
    def resize(img: np.ndarray, *args, **kwargs):
        return imresize(np.ascontiguousarray(img), *args, **kwargs)

    return resize


def install() -> None:
    """Replace ``mmcv.imresize``, wherever mmcv has it."""
    geometric = sys.modules['mmcv.image.geometric']
    resize = _without_gaps(geometric.imresize)
    for name in ('mmcv.image.geometric', 'mmcv.image', 'mmcv'):
        sys.modules[name].imresize = resize
