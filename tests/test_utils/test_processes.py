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
