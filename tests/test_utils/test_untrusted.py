"""Nothing that a stranger's file holds is executed."""

import io
import pickle
import zipfile

import numpy as np
import pytest
import torch

from mmaddp.utils.untrusted import check_feature_weights, load_arrays, read_torch_file


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


def test_feature_weights_pass(tmp_path):
    torch.save({'Conv2d_1a.weight': torch.ones(2)}, tmp_path / 'features.pth')
    assert check_feature_weights(tmp_path / 'features.pth') == str(tmp_path / 'features.pth')


@pytest.mark.parametrize('new_format', [True, False])
def test_hostile_feature_weights(tmp_path, hostile, new_format):
    content = {'weight': torch.ones(2), 'bias': hostile}
    path = tmp_path / 'features.pth'
    torch.save(content, path, _use_new_zipfile_serialization=new_format)
    with pytest.raises(ValueError, match=r'features\.pth is refused: it holds a \S*open'):
        check_feature_weights(path)


def test_feature_weights_hold_tensors_alone(tmp_path):
    torch.save(dict(weight=torch.ones(2), epoch=3), tmp_path / 'features.pth')
    with pytest.raises(ValueError, match='more than tensors'):
        check_feature_weights(tmp_path / 'features.pth')


def test_programs_are_refused(tmp_path):
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), str(tmp_path / 'clip.pt'))
    with pytest.raises(ValueError, match=r'clip\.pt is refused: it is a TorchScript'):
        read_torch_file(tmp_path / 'clip.pt')


def test_absent_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.pth'):
        check_feature_weights(tmp_path / 'absent.pth')


def test_arrays(tmp_path):
    np.savez(tmp_path / 'a.npz', mu=np.arange(3), sigma=np.eye(3))
    arrays = load_arrays(tmp_path / 'a.npz')
    assert arrays['mu'].tolist() == [0, 1, 2] and arrays['sigma'].shape == (3, 3)


def test_pickled_arrays(tmp_path, hostile):
    np.savez(tmp_path / 'a.npz', mu=np.arange(3), sigma=np.array([hostile], dtype=object))
    with pytest.raises(ValueError, match=r"a\.npz is refused: its array 'sigma'"):
        load_arrays(tmp_path / 'a.npz')


def test_pickle_in_an_archive(tmp_path, hostile):
    with zipfile.ZipFile(tmp_path / 'a.npz', 'w') as archive:
        archive.writestr('mu.npy', pickle.dumps(hostile))
    with pytest.raises(ValueError, match=r"a\.npz is refused: its member 'mu' is no array"):
        load_arrays(tmp_path / 'a.npz')


@pytest.mark.parametrize('suffix', ['.npz', '.npy'])
def test_bare_pickle_as_arrays(tmp_path, hostile, suffix):
    path = tmp_path / f'a{suffix}'
    path.write_bytes(pickle.dumps(hostile))
    with pytest.raises(ValueError, match=r'is no \.npz'):
        load_arrays(path)


def test_damaged_arrays(tmp_path):
    buffer = io.BytesIO()
    np.savez(buffer, mu=np.arange(1000))
    content = bytearray(buffer.getvalue())
    content[2000:2010] = b'damaged   '
    (tmp_path / 'a.npz').write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.npz is damaged at 'mu'"):
        load_arrays(tmp_path / 'a.npz')
