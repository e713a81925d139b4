"""A file is what it was, or what it was to become."""

import errno
import os
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
import torch
from safetensors.torch import save_file

from mmaddp.utils.atomic import atomic_path, remove_unfinished, write_bytes, write_json, write_text


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('durable', [False, True])
def test_replaces_and_makes_folders(tmp_path, durable):
    path = tmp_path / 'a' / 'b.bin'
    for content in (b'old', b'new'):
        write_bytes(path, content, durable)
        assert path.read_bytes() == content
    assert entries(path.parent) == ['b.bin']


def test_mode_is_that_of_the_old_file_or_of_any_new_one(tmp_path):
    (tmp_path / 'plain').touch()
    for name, mode in (('new', (tmp_path / 'plain').stat().st_mode), ('old', 0o100640)):
        path = tmp_path / name
        if name == 'old':
            path.touch()
            path.chmod(mode)
        with atomic_path(path) as unfinished:
            unfinished.unlink()
            unfinished.touch(0o600)
        assert path.stat().st_mode == mode


def test_text_and_json(tmp_path):
    write_text(tmp_path / 'a.txt', 'größer\n')
    assert (tmp_path / 'a.txt').read_text(encoding='utf-8') == 'größer\n'
    write_json(tmp_path / 'a.json', dict(a=[1]))
    assert (tmp_path / 'a.json').read_text() == '{\n  "a": [\n    1\n  ]\n}\n'


def test_exception_keeps_the_old_file(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(KeyError), atomic_path(path) as unfinished:
        unfinished.write_text('half')
        raise KeyError
    assert path.read_text() == 'old' and entries(tmp_path) == ['a.txt']


@contextmanager
def no_space():
    """Files cannot grow beyond 1000 bytes: writing fails as on a full disk.

    Not a fixture: pytest reports before it tears fixtures down, perhaps into a file.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_disk_keeps_the_old_file_and_names_it(tmp_path):
    path = tmp_path / 'a.bin'
    path.write_bytes(b'old')
    with pytest.raises(OSError, match=r'the file was not written.*a\.bin'), no_space():
        write_bytes(path, bytes(2000))
    assert path.read_bytes() == b'old' and entries(tmp_path) == ['a.bin']


def save_safetensors(path):
    save_file(dict(weight=torch.zeros(5000)), path)


def save_torch(path):
    torch.save(dict(weight=torch.zeros(5000)), path)


def save_torch_in_a_file(path):
    with path.open('wb') as file:
        torch.save(dict(weight=torch.zeros(5000)), file)


@pytest.mark.parametrize('save', [save_safetensors, save_torch, save_torch_in_a_file])
def test_errors_of_every_writer_name_the_file(tmp_path, save):
    path = tmp_path / 'a.bin'
    path.write_bytes(b'old')
    with (
        pytest.raises(OSError, match=r'the file was not written.*a\.bin') as error,
        no_space(),
        atomic_path(path) as unfinished,
    ):
        save(unfinished)
    assert error.value.filename == str(path)
    assert path.read_bytes() == b'old' and entries(tmp_path) == ['a.bin']


def test_a_full_disk_says_what_is_free(tmp_path):
    with pytest.raises(OSError, match=r'No space.*\d MB are free.*a\.bin') as error:  # noqa: SIM117
        with atomic_path(tmp_path / 'a.bin'):
            raise OSError(errno.ENOSPC, 'No space left on device')
    assert error.value.errno == errno.ENOSPC


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(RuntimeError, match=r'^mine$'), atomic_path(tmp_path / 'a.bin'):
        raise RuntimeError('mine')


def test_durable_files_have_their_folder_on_the_disk(tmp_path, monkeypatch):
    """A rename is on the disk only when its folder is."""
    synced = []
    fsync = os.fsync

    def watched(descriptor):
        synced.append(os.path.realpath(f'/proc/self/fd/{descriptor}'))
        fsync(descriptor)

    monkeypatch.setattr(os, 'fsync', watched)
    write_bytes(tmp_path / 'a.bin', b'new', durable=True)
    assert len(synced) == 2 and 'a.bin' in synced[0] and synced[1] == str(tmp_path)
    write_bytes(tmp_path / 'a.bin', b'new')
    assert len(synced) == 2


@pytest.mark.skipif(not os.access('/dev/full', os.W_OK), reason='needs /dev/full')
def test_devices_are_written_and_not_replaced():
    with pytest.raises(OSError):
        write_bytes('/dev/full', bytes(100))
    assert not os.path.isfile('/dev/full')


def test_symbolic_links_stay(tmp_path):
    (tmp_path / 'target').write_text('old')
    (tmp_path / 'link').symlink_to('target')
    write_text(tmp_path / 'link', 'new')
    assert (tmp_path / 'link').is_symlink() and (tmp_path / 'target').read_text() == 'new'


KILLED = """
import resource, signal, sys
from mmaddp.utils.atomic import write_bytes
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, -1))
write_bytes(sys.argv[1], bytes(2000))
"""


def test_writer_killed_halfway(tmp_path):
    """The kernel kills the process at byte 1000 of 2000."""
    path = tmp_path / 'a.bin'
    path.write_bytes(b'old')
    done = subprocess.run([sys.executable, '-c', KILLED, str(path)], capture_output=True)
    assert done.returncode == -signal.SIGXFSZ, done.stderr
    assert path.read_bytes() == b'old'
    (left,) = [name for name in entries(tmp_path) if name != 'a.bin']
    assert (tmp_path / left).stat().st_size == 1000
    remove_unfinished(tmp_path, 'b*')
    assert left in entries(tmp_path)
    remove_unfinished(tmp_path)
    assert entries(tmp_path) == ['a.bin']


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path):
    path = tmp_path / 'a.bin'
    subprocess.run([sys.executable, '-c', KILLED, str(path)], capture_output=True)
    (left,) = entries(tmp_path)
    others = ['.b.bin.part', '.c.bin.0123456789.part', left.replace('a.bin', 'd.bin')]
    # Of a process that runs, and of another machine.
    process = left.rsplit('-', 1)[1].removesuffix('.part')
    others[2] = others[2].replace(f'-{process}.', f'-{os.getpid()}.')
    others.append(f'.e.bin.01234567-00000000-{process}.part')
    for name in others:
        (tmp_path / name).touch()
    write_bytes(tmp_path / 'new.bin', b'new')
    assert entries(tmp_path) == sorted([*others, 'new.bin'])
