import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from test_tools.conftest import ROOT
from test_utils.test_processes import wait_for_end

pytestmark = pytest.mark.slow

# Reading it never ends; upstream's mmengine takes a configuration with imports for a lazy one.
WAITS = """
open('pid', 'w').write(f'{__import__("os").getpid()} ')
__import__('time').sleep(100)
"""


def test_a_training_that_fails_fails_the_tool(call_tool, tmp_path):
    runs = [dict(config='nothing.py', work_dir=str(tmp_path / 'w'), options={})]
    (tmp_path / 'runs.json').write_text(json.dumps(runs))
    done = call_tool('quickstart/train_several.py', 'runs.json')
    assert done.returncode == 1
    assert 'nothing.py' in done.stdout and 'Traceback' not in done.stdout
    assert not (tmp_path / 'w').exists()


def test_trainings_end_with_a_killed_tool(ready_python, tmp_path):
    (tmp_path / 'waits.py').write_text(WAITS)
    runs = [dict(config='waits.py', work_dir=str(tmp_path / 'w'), options={})] * 2
    (tmp_path / 'runs.json').write_text(json.dumps(runs))
    tool = ROOT / 'tools' / 'quickstart' / 'train_several.py'
    two_threads = os.environ | dict(OMP_NUM_THREADS='2')  # a process of its own for each
    command = [ready_python, tool, 'runs.json']
    with subprocess.Popen(command, cwd=tmp_path, env=two_threads) as process:
        pid = Path(tmp_path / 'pid')
        while not (pid.exists() and pid.read_text().endswith(' ')):
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert wait_for_end(int(pid.read_text()))
