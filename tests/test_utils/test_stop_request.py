"""A process that is asked to stop, and cannot."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# It sleeps in C, in pieces, as a signal ends a piece.
STUCK = """
import ctypes, os, signal, sys, threading, time
from mmaddp.utils.stop_request import StopRequest

request = StopRequest(patience=1.0)
request.start()
if {inside}:
    request.begin()
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
for _ in range(25):
    ctypes.CDLL(None).usleep(100_000)
print(request.received, flush=True)
"""


def run(python, inside):
    code = STUCK.format(inside=inside)
    return subprocess.run(
        [python, '-c', code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.slow
def test_what_does_not_end_is_ended(ready_python):
    done = run(ready_python, inside=True)
    assert done.returncode == 1 and done.stdout == ''
    assert 'SIGTERM: nothing was finished within 1 seconds of it' in done.stderr


@pytest.mark.slow
def test_between_steps_it_may_take_longer(ready_python):
    done = run(ready_python, inside=False)
    assert done.returncode == 0 and done.stdout == 'SIGTERM\n', done.stderr
