"""The allocator of memory as each variant would find it in a process of its own."""

import ctypes
from collections.abc import Callable, Mapping
from typing import Any

from mmaddp.run.benchmark.work import OURS
from mmaddp.utils.heap import keep_freed_memory

# Names of glibc's malloc.h, and what its thresholds grow to in a process that frees large blocks.
_USUAL = {-1: 2**26, -3: 2**25, -4: 2**16}


def in_own_heap(variants: Mapping[str, Callable[[], Any]]) -> dict[str, Callable[[], Any]]:
    """Let ours keep freed memory, as its trainings do, and the others give it back, as usual.

    Before a call of another variant all that is free is given back, so ours begins every call
    without memory to use again: in a training it gains a little more.
    """
    return {name: _prepared(call, name == OURS) for name, call in variants.items()}


def _prepared(call: Callable[[], Any], keeps: bool) -> Callable[[], Any]:
    def prepared() -> Any:
        if keeps:
            keep_freed_memory()
        else:
            give_back_memory()
        return call()

    return prepared


def give_back_memory() -> None:
    """Set glibc's thresholds to usual ones, and return what is free to the system."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, 'mallopt'):
        return
    for name, value in _USUAL.items():
        libc.mallopt(name, value)
    libc.malloc_trim(0)
