"""Nothing that a stranger's file holds is executed."""

import pickle

import pytest
import torch

from mmaddp.weights.untrusted import read_torch_file


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return open, (str(self.mark), 'w')


@pytest.fixture
def hostile(tmp_path):
    return Hostile(tmp_path / 'executed')


@pytest.fixture(autouse=True)
def nothing_is_executed(tmp_path):
    yield
    assert not (tmp_path / 'executed').exists()


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
