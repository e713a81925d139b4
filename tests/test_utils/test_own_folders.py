"""A tool fills and deletes what carries its mark, and nothing else."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mmaddp.utils.own_folders import (
    MARK,
    claim_folder,
    hold_folder,
    is_held,
    is_own,
    new_folder,
    remove_folder,
)

ROOT = Path(__file__).resolve().parents[2]
WAITS = """
import sys, time
from pathlib import Path
from mmaddp.utils.own_folders import new_folder, hold_folder

with {manager}(Path(sys.argv[1]), 'tool') as folder:
    if folder:
        (folder / 'half').write_text('half')
    print('ready', flush=True)
    time.sleep(60)
"""


@pytest.fixture
def start():
    """Start a process that waits inside a context manager of the module."""
    started = []

    def run(manager, folder):
        code = WAITS.format(manager=manager)
        process = subprocess.Popen(
            [sys.executable, '-c', code, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline() == 'ready\n'
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def foreign_folders(tmp_path):
    """A folder of the user's, one of another tool, a file, a link to a folder of the tool's own."""
    (tmp_path / 'photos').mkdir()
    (tmp_path / 'photos' / 'a.jpg').write_text('photo')
    claim_folder(tmp_path / 'others', 'other tool')
    (tmp_path / 'file').write_text('text')
    claim_folder(tmp_path / 'target', 'tool')
    (tmp_path / 'link').symlink_to(tmp_path / 'target')
    return [tmp_path / name for name in ('photos', 'others', 'file', 'link')]


@pytest.mark.parametrize('action', [claim_folder, remove_folder])
def test_what_is_not_the_tools_own_is_refused_and_stays(tmp_path, action):
    folders = foreign_folders(tmp_path)
    before = sorted(tmp_path.rglob('*'))
    for folder in folders:
        with pytest.raises(FileExistsError, match=f'{folder.name} is there already and was not'):
            action(folder, 'tool')
    assert sorted(tmp_path.rglob('*')) == before


def test_own_folder_is_claimed_again_and_deleted(tmp_path):
    folder = tmp_path / 'a b' / 'own'
    remove_folder(folder, 'tool')
    for _ in range(2):
        claim_folder(folder, 'tool')
        assert is_own(folder, 'tool')
    (folder / 'more').mkdir()
    remove_folder(folder, 'tool')
    assert not folder.exists()


def test_folder_in_use_is_refused_until_its_process_is_gone(tmp_path, start):
    process = start('hold_folder', tmp_path / 'own')
    with (
        pytest.raises(BlockingIOError, match='in use by another'),
        hold_folder(tmp_path / 'own', 'tool'),
    ):
        pass
    assert is_held(tmp_path / 'own')
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not is_held(tmp_path / 'own') and not is_held(tmp_path)
    with hold_folder(tmp_path / 'own', 'tool'):
        pass


def test_next_start_removes_what_a_killed_one_left_and_nothing_else(tmp_path, start):
    foreign = tmp_path / '.new-mine.unfinished'
    foreign.mkdir()
    killed, running = (start('new_folder', tmp_path / 'new') for _ in range(2))
    assert len(list(tmp_path.glob('.new-*.unfinished'))) == 3
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    with new_folder(tmp_path / 'new', 'tool') as folder:
        (folder / 'a').write_text('a')
    assert running.poll() is None
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['a']
    (left,) = set(tmp_path.glob('.new-*.unfinished')) - {foreign}
    assert (left / 'half').is_file() and foreign.is_dir()


def test_a_full_disk_names_the_folder_and_leaves_nothing(tmp_path):
    message = r'No space left.*MB are free.*new'
    with pytest.raises(OSError, match=message), new_folder(tmp_path / 'new', 'tool'):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not list(tmp_path.iterdir())


def test_an_error_that_names_its_file_stays(tmp_path):
    with pytest.raises(PermissionError, match='secret'), new_folder(tmp_path / 'new', 'tool'):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), 'secret')


def test_finished_folder_carries_no_mark(tmp_path):
    with new_folder(tmp_path / 'new', 'tool') as folder:
        assert (folder / MARK).is_file()
    assert not list((tmp_path / 'new').iterdir())
