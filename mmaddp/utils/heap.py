"""Memory of the process that is used again instead of asked for anew."""

import ctypes

from mmengine.device import get_device

# Names of glibc's malloc.h; -1 is the largest value, without bound.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_UNBOUNDED = -1


def keep_freed_memory() -> bool:
    """Let glibc keep large blocks that are freed, for tensors of the next step.

    Otherwise each goes back to the kernel, which hands the next one out page by page, and clears
    it. Does nothing where the work is done on a GPU, the C library is another one, or its memory is
    managed by another library (jemalloc, tcmalloc).

    Returns:
        bool: Whether glibc accepted it.
    """
    if get_device() != 'cpu':
        return False
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, _UNBOUNDED))
