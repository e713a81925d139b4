import json
import signal
import subprocess
import sys
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


def test_trainings_end_with_a_killed_tool(tmp_path):
    (tmp_path / 'waits.py').write_text(WAITS)
    runs = [dict(config='waits.py', work_dir=str(tmp_path / 'w'), options={})]
    (tmp_path / 'runs.json').write_text(json.dumps(runs))
    tool = ROOT / 'tools' / 'quickstart' / 'train_several.py'
    with subprocess.Popen([sys.executable, tool, 'runs.json'], cwd=tmp_path) as process:
        pid = Path(tmp_path / 'pid')
        while not (pid.exists() and pid.read_text().endswith(' ')):
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert wait_for_end(int(pid.read_text()))
