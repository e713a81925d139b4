"""Freed memory stays with the process."""

import subprocess
import sys

import pytest

from mmaddp.utils import heap

# Pages that the kernel hands out while 40 MB are allocated, written and freed again and again.
FAULTS = """
import resource, sys
import numpy as np
if sys.argv[1] == 'keep':
    from mmaddp.utils.heap import keep_freed_memory
    assert keep_freed_memory()
def use():
    np.ones(5_000_000)
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_other_systems_and_gpus_are_left_alone(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(heap.ctypes, 'CDLL', lambda name: object())
        assert not heap.keep_freed_memory()
    monkeypatch.setattr(heap, 'get_device', lambda: 'cuda')
    monkeypatch.setattr(heap.ctypes, 'CDLL', None)
    assert not heap.keep_freed_memory()


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='glibc')
def test_freed_memory_is_used_again():
    counts = {
        how: int(
            subprocess.run(
                [sys.executable, '-c', FAULTS, how], capture_output=True, text=True, check=True
            ).stdout
        )
        for how in ('keep', 'default')
    }
    assert counts['keep'] < 100 < counts['default']
