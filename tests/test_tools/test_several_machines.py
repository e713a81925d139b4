"""Two machines, played by two network namespaces that a cable connects."""

import os
import signal
import subprocess
import sys
import time

import pytest
from test_tools.conftest import ROOT
from waiting_toy import RELEASE, last_checkpoint, waiting_toy

pytestmark = pytest.mark.slow

ADDRESSES = ('10.213.77.1', '10.213.77.2')
NAMES = tuple(f'mmaddp{os.getpid()}{side}' for side in 'ab')
CARD = 'cable'


def ip(*words):
    return subprocess.run(['ip', *words], capture_output=True, text=True)


@pytest.fixture
def machines():
    """Names of two namespaces; on a system that allows none the test is skipped."""
    try:
        made = [ip('netns', 'add', name).returncode for name in NAMES]
    except FileNotFoundError:
        pytest.skip('no ip command')
    try:
        ends = ('peer', 'name', CARD, 'netns', NAMES[1])
        made.append(ip('-n', NAMES[0], 'link', 'add', CARD, 'type', 'veth', *ends).returncode)
        if any(made):
            pytest.skip('network namespaces are not allowed here')
        for name, address in zip(NAMES, ADDRESSES):
            ip('-n', name, 'address', 'add', f'{address}/24', 'dev', CARD)
            for card in ('lo', CARD):
                ip('-n', name, 'link', 'set', card, 'up')
        yield NAMES
    finally:
        for name in NAMES:
            ip('netns', 'delete', name)


def test_two_machines_train_together(machines, tmp_path):
    config, *options = waiting_toy(tmp_path)
    (tmp_path / RELEASE).touch()
    command = ['bash', str(ROOT / 'tools' / 'dist_train.sh'), config, '1', '--work-dir', 'work']
    processes, printed = [], [tmp_path / f'{name}.txt' for name in machines]
    for rank, name in enumerate(machines):
        environment = dict(os.environ, PYTHON=sys.executable, OMP_NUM_THREADS='1', NNODES='2')
        environment |= dict(NODE_RANK=str(rank), MASTER_ADDR=ADDRESSES[0], PORT='29500')
        environment |= dict(GLOO_SOCKET_IFNAME=CARD, PYTHONPATH=str(tmp_path))
        # A file, since a full pipe that nobody reads holds its machine up, and so the other one.
        with printed[rank].open('w') as output:
            processes.append(
                subprocess.Popen(
                    ['ip', 'netns', 'exec', name, *command, *options, 'train_cfg.max_epochs=2'],
                    cwd=tmp_path,
                    env=environment,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
    wait_for(processes, 300)
    statuses = [process.returncode for process in processes]
    assert statuses == [0, 0], '\n'.join(file.read_text() for file in printed)
    checkpoint = last_checkpoint(tmp_path / 'work')
    assert checkpoint['meta']['epoch'] == 2 and checkpoint['position']['num_ranks'] == 2


def wait_for(processes, seconds):
    """Wait until all have ended; those that have not by then are stopped with all they started."""
    end = time.monotonic() + seconds
    for process in processes:
        try:
            process.wait(max(end - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
