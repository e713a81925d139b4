"""A quickstart that ends takes its tools with it; one that waits says so."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_utils.test_processes import wait_for_end

from mmaddp.own import tool_process

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

# A tool with a worker of its own, as data loaders and train_several have.
TOOL = """
import os, subprocess, sys, time
worker = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)'])
print('Wrote', os.getpid(), worker.pid, flush=True)
time.sleep(100)
"""
CALLER = """
import signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from mmaddp.own.tool_process import run_tool
signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
# Ignored where the tests run in the background of a shell.
signal.signal(signal.SIGINT, signal.default_int_handler)
here = Path(sys.argv[1])
run_tool(Path('tool.py'), [], here, here / 'log')
"""


@pytest.mark.parametrize('sent', ['SIGKILL', 'SIGTERM', 'SIGINT'])
def test_tools_end_with_the_quickstart(tmp_path, sent):
    (tmp_path / 'tool.py').write_text(TOOL)
    (tmp_path / 'caller.py').write_text(CALLER.format(root=str(ROOT)))
    with subprocess.Popen(
        [sys.executable, tmp_path / 'caller.py', tmp_path], stdout=subprocess.PIPE, text=True
    ) as caller:
        tool, worker = map(int, caller.stdout.readline().split()[1:])
        time.sleep(1.5)
        caller.send_signal(getattr(signal, sent))
        try:
            assert wait_for_end(tool)
            if sent != 'SIGKILL':
                assert wait_for_end(worker)
        finally:
            for process in (tool, worker):
                Path(f'/proc/{process}').exists() and os.kill(process, signal.SIGKILL)
    assert caller.returncode != 0


def test_a_failing_tool_shows_its_last_lines_and_the_log(tmp_path):
    (tmp_path / 'tool.py').write_text('import sys\nprint("ä ü")\nsys.exit("what is wrong")\n')
    with pytest.raises(tool_process.StageFailed, match=r'(?s)status 1.*a log.*what is wrong'):
        tool_process.run_tool(Path('tool.py'), ['--x'], tmp_path, tmp_path / 'a log')
    assert 'ä ü' in (tmp_path / 'a log').read_text()


def test_a_silent_tool_is_said_to_be_running(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(tool_process, 'SECONDS_OF_SILENCE', 0.5)
    (tmp_path / 'tool.py').write_text('import time\ntime.sleep(4)\nprint("Wrote it")\n')
    tool_process.run_tool(Path('tool.py'), [], tmp_path, tmp_path / 'log')
    shown = capfd.readouterr().out
    assert 'tool.py: 2 s so far' in shown and 'Wrote it' in shown
    assert 'so far' not in (tmp_path / 'log').read_text()


def test_tool_sees_its_own_arguments_and_folder(tmp_path):
    (tmp_path / 'a b').mkdir()
    (tmp_path / 'a b' / 'neighbour.py').write_text('X = 1\n')
    text = 'import neighbour, sys\nprint(sys.argv, __name__)\n'
    (tmp_path / 'a b' / 'tool.py').write_text(text)
    tool = Path('a b', 'tool.py')
    tool_process.run_tool(tool, ['x y', '--z=1'], tmp_path, tmp_path / 'log')
    assert (tmp_path / 'log').read_text() == f'{[str(tool), "x y", "--z=1"]} __main__\n'
