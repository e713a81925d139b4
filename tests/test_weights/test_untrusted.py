"""Nothing that a stranger's file holds is executed."""

import pickle
import tempfile
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmaddp.weights.untrusted import check_unpacked_size, holds, read_torch_file


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return open, (str(self.mark), 'w')


@pytest.fixture
def hostile(tmp_path):
    """One that must not be executed."""
    mark = tmp_path / 'executed'
    yield Hostile(mark)
    assert not mark.exists()


def test_the_hostile_object_is_one(tmp_path):
    mark = tmp_path / 'elsewhere'
    pickle.loads(pickle.dumps(Hostile(mark))).close()
    assert mark.exists()


@pytest.mark.parametrize('new_format', [True, False])
def test_hostile_file(tmp_path, hostile, new_format):
    content = {'weight': torch.ones(2), 'bias': hostile}
    path = tmp_path / 'features.pth'
    torch.save(content, path, _use_new_zipfile_serialization=new_format)
    with pytest.raises(ValueError, match=r'features\.pth is refused: it holds a \S*open'):
        read_torch_file(path)


def test_programs_are_refused(tmp_path):
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), str(tmp_path / 'clip.pt'))
    with pytest.raises(ValueError, match=r'clip\.pt is refused: it is a TorchScript'):
        read_torch_file(tmp_path / 'clip.pt')


def test_absent_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.pth'):
        read_torch_file(tmp_path / 'absent.pth')


def pack(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, 'w', compression) as archive:
        for name, size in members.items():
            with archive.open(name, 'w') as member:
                for _ in range(size // 2**20):
                    member.write(bytes(2**20))
    return path


@pytest.mark.slow
def test_a_small_file_of_a_large_checkpoint_is_refused(tmp_path, monkeypatch):
    path = pack(tmp_path / 'bomb.pth', {'bomb/data.pkl': 2**20, 'bomb/data/0': 2**30})
    assert path.stat().st_size < 2e6
    with pytest.raises(ValueError, match=r'bomb\.pth.*MB.*1\.07 GB.*MMADDP_MAX_UNPACKED_GB=2'):
        read_torch_file(path)
    monkeypatch.setenv('MMADDP_MAX_UNPACKED_GB', '2')
    check_unpacked_size(path)


def test_a_limit_must_be_a_number(tmp_path, monkeypatch):
    torch.save({}, tmp_path / 'a.pth')
    for value in ('x', '0', '-1', 'nan'):
        monkeypatch.setenv('MMADDP_MAX_UNPACKED_GB', value)
        with pytest.raises(ValueError, match='MMADDP_MAX_UNPACKED_GB must be'):
            read_torch_file(tmp_path / 'a.pth')


def test_members_that_share_their_bytes_count_each(tmp_path, monkeypatch):
    """An archive whose directory names one member many times."""
    path = pack(tmp_path / 'bomb.pth', {'bomb/data/0': 2**20}, zipfile.ZIP_STORED)
    with zipfile.ZipFile(path, 'a') as archive:
        archive.filelist *= 100
        archive._didModify = True
    monkeypatch.setenv('MMADDP_MAX_UNPACKED_GB', '0.05')
    with pytest.raises(ValueError, match=r'bomb\.pth is refused.*0\.105 GB'):
        read_torch_file(path)


def test_one_value_that_stands_for_a_large_tensor_is_refused(tmp_path):
    torch.save(dict(weight=torch.zeros(1).expand(10**12)), tmp_path / 'bomb.pth')
    with pytest.raises(ValueError, match=r'bomb\.pth is refused.*4e\+03 GB'):
        read_torch_file(tmp_path / 'bomb.pth')


def test_endless_containers_are_refused(tmp_path):
    deep = []
    for _ in range(200):
        deep = [deep]
    torch.save(dict(meta=deep), tmp_path / 'deep.pth')
    with pytest.raises(ValueError, match=r'deep\.pth is refused.*deep'):
        read_torch_file(tmp_path / 'deep.pth')


def test_containers_that_hold_themselves_are_read(tmp_path):
    loop = dict(weight=torch.zeros(1))
    loop['self'] = loop
    torch.save(loop, tmp_path / 'loop.pth')
    content = read_torch_file(tmp_path / 'loop.pth')
    assert holds(content, torch.Tensor) and not holds(content, set)


def test_doubling_containers_take_no_time(tmp_path):
    """Thirty lists, each twice in the next: a billion places, thirty objects."""
    node = [1]
    for _ in range(30):
        node = [node, node]
    torch.save(dict(meta=node), tmp_path / 'laughs.pth')
    assert not holds(read_torch_file(tmp_path / 'laughs.pth'), torch.Tensor)


@pytest.mark.parametrize('new', [True, False])
@pytest.mark.parametrize('size', [10**11, 10**18])
def test_memory_that_a_pickle_asks_for(tmp_path, size, new):
    """Safe types alone, and zeros of a hundred gigabytes."""

    class Large:
        def __reduce__(self):
            return bytearray, (size,)

    torch.save(dict(weight=Large()), tmp_path / 'large.pth', _use_new_zipfile_serialization=new)
    with pytest.raises(ValueError, match=r'large\.pth is refused: it holds a bytearray'):
        read_torch_file(tmp_path / 'large.pth')


@given(st.binary(max_size=60), st.integers(0, 10**6), st.booleans())
@settings(max_examples=150, deadline=None)
def test_damaged_files_have_one_kind_of_error(noise, place, old):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'a.pth'
        content = dict(state_dict=dict(weight=torch.ones(30)), meta=dict(epoch=1))
        torch.save(content, path, _use_new_zipfile_serialization=not old)
        whole = path.read_bytes()
        start = place % len(whole)
        path.write_bytes(whole[:start] + noise + whole[start + len(noise) :])
        try:
            read_torch_file(path)
        except ValueError as error:
            assert 'a.pth' in str(error)
