"""Two ranks of torchrun that are asked to stop, interrupted, or left alone by one that dies."""

import os
import signal
import subprocess
import time

import pytest
from test_tools.conftest import ROOT
from waiting_toy import RELEASE, STEP, last_checkpoint, ready, waiting_toy

pytestmark = pytest.mark.slow

SECONDS = 120


class Training:
    """A training by ``dist_train.sh`` that waits in a step."""

    def __init__(self, folder, python):
        self.folder = folder
        self.log = folder / 'log.txt'
        command = ['bash', str(ROOT / 'tools' / 'dist_train.sh'), *waiting_toy(folder)]
        command[3:3] = ['2', '--work-dir', 'work']
        environment = dict(
            os.environ,
            PYTHON=python,
            PYTHON_EXEC=python,
            OMP_NUM_THREADS='1',
            PYTHONPATH=str(folder),
        )
        with self.log.open('w') as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + SECONDS
        while not ready(folder):
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
            time.sleep(0.1)

    def goes_on(self):
        """Let it out of the step; return what it has printed when it ends, and how long it took."""
        started = time.monotonic()
        (self.folder / RELEASE).touch()
        assert self.process.wait(SECONDS) != 0
        return self.log.read_text(), time.monotonic() - started


@pytest.fixture
def training(tmp_path, ready_python):
    training = Training(tmp_path, str(ready_python))
    yield training
    if training.process.poll() is None:
        os.killpg(training.process.pid, signal.SIGKILL)
        training.process.wait()


@pytest.mark.parametrize('name', ['SIGTERM', 'SIGUSR1'])
def test_signal_to_torchrun_saves(training, tmp_path, name):
    training.process.send_signal(getattr(signal, name))
    time.sleep(1)
    text, seconds = training.goes_on()
    assert f'{name} stops this run behind iteration {STEP + 2}. Saved as ' in text
    assert seconds < 20
    checkpoint = last_checkpoint(tmp_path / 'work')
    assert checkpoint['meta']['iter'] == STEP + 2 and checkpoint['position']['num_ranks'] == 2


def test_interrupt_names_the_last_checkpoint_once(training):
    os.killpg(training.process.pid, signal.SIGINT)  # as a terminal does
    text, _ = training.goes_on()
    assert text.count('train: stopped. The last checkpoint is work/epoch_1.pth') == 1, text


def test_a_rank_that_dies_ends_the_others(training, tmp_path):
    (tmp_path / 'die1').touch()
    text, seconds = training.goes_on()
    assert seconds < 20
    first = text.index('this rank was told to die')
    assert 'Connection' not in text[:first] and 'Saved as' not in text
