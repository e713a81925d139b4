import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import os, time
from mmaddp.utils.processes import end_with_parent
end_with_parent({argument})
print(os.getpid(), flush=True)
time.sleep(60)
"""
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, '-c', {child!r}])
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


def wait_for_end(pid: int, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not is_running(pid)


@pytest.mark.parametrize('end', ['kill', 'terminate'])
def test_child_ends_with_its_parent(end):
    code = PARENT.format(child=CHILD.format(argument=''))
    with subprocess.Popen(
        [sys.executable, '-c', code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        child = int(parent.stdout.readline())
        time.sleep(1.5)
        assert is_running(child)
        getattr(parent, end)()
        parent.wait()
        assert wait_for_end(child)


def test_parent_that_was_gone_before_is_noticed():
    done = subprocess.run(
        [sys.executable, '-c', CHILD.format(argument=2**22 + 1)], cwd=ROOT, timeout=30
    )
    assert done.returncode == -9


TRAINING = """
import time
import torch
from torch.utils.data import DataLoader
from mmaddp.utils.worker_signals import shield_workers
loader = DataLoader(
    [0] * 100, batch_size=1, num_workers=2, prefetch_factor=40,
    collate_fn=lambda batch: torch.utils.data.get_worker_info().id * ' ' + 100_000 * 'x',
)
shield_workers(loader)
batches = iter(loader)
next(batches)
print(*(worker.pid for worker in batches._workers), flush=True)
time.sleep(60)
"""


def test_workers_that_wait_at_a_full_pipe_end_with_a_killed_training(ready_python):
    with subprocess.Popen(
        [ready_python, '-c', TRAINING], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as training:
        workers = list(map(int, training.stdout.readline().split()))
        time.sleep(1)
        training.kill()
        training.wait()
        assert len(workers) == 2 and all(map(wait_for_end, workers))
