"""One training in one folder."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys

import pytest

from mmaddp.utils.folder_lock import is_locked, lock_folder, release_folder

pytestmark = pytest.mark.filterwarnings('ignore:This process:DeprecationWarning')


def hold(folder, pipe):
    lock_folder(folder)
    pipe.send(os.getpid())
    pipe.recv()


@pytest.fixture
def holder(tmp_path):
    """Another process that writes into the folder."""
    own, other = multiprocessing.Pipe()
    fork = multiprocessing.get_context('fork')
    process = fork.Process(target=hold, args=(tmp_path, other))
    process.start()
    own.recv()
    yield process
    own.send('end')
    process.join(30)


def test_the_second_is_refused_and_told_who_is_there(tmp_path, holder):
    whom = f'process {holder.pid} on {socket.gethostname()}'
    for _ in range(2):
        with pytest.raises(BlockingIOError, match=rf'Another training.*{whom}.*--work-dir'):
            lock_folder(tmp_path)


def test_a_kill_leaves_no_lock(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(30)
    lock_folder(tmp_path)
    release_folder(tmp_path)


def test_asking_whether_there_is_a_lock_changes_nothing(tmp_path, holder):
    assert is_locked(tmp_path) and is_locked(tmp_path)
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(30)
    assert not is_locked(tmp_path) and not is_locked(tmp_path / 'nowhere')
    lock_folder(tmp_path)
    assert is_locked(tmp_path)
    # The question has not dropped it.
    code = 'import sys; from mmaddp.utils.folder_lock import lock_folder; lock_folder(sys.argv[1])'
    other = subprocess.run([sys.executable, '-c', code, tmp_path], capture_output=True, text=True)
    assert 'Another training writes into' in other.stderr
    release_folder(tmp_path)
    assert not is_locked(tmp_path)


def test_the_same_process_may_go_on(tmp_path):
    lock_folder(tmp_path)
    lock_folder(tmp_path)
    release_folder(tmp_path)
    release_folder(tmp_path)


def test_a_released_folder_is_free(tmp_path):
    lock_folder(tmp_path)
    release_folder(tmp_path)
    own, other = multiprocessing.Pipe()
    process = multiprocessing.get_context('fork').Process(target=hold, args=(tmp_path, other))
    process.start()
    assert own.poll(30) and own.recv() == process.pid
    own.send('end')
    process.join(30)
