"""The weights alone, beside a training checkpoint."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from mmaddp.weights.checkpoint import load_checkpoint_file
from mmaddp.weights.plain_header import KEY, header_meta, plain_header
from mmaddp.weights.plain_weights import write_plain_file


@pytest.fixture
def saved(tmp_path):
    """A training checkpoint with averages, tied weights and a description of the data."""
    tied = torch.arange(6.0).view(2, 3)
    state = dict(a=tied, b=tied, c=torch.ones(4, 4).t()[:2], n=torch.tensor(3))
    meta = dict(
        epoch=3,
        iter=12,
        cfg='import os',
        dataset_meta=dict(classes=('cat', 'dog'), palette=[[0, 1, 2]], table=torch.ones(2)),
    )
    path = tmp_path / 'epoch_3.pth'
    torch.save(dict(state_dict=state, meta=meta, optimizer=dict(state={})), path)
    return path, state


def test_holds_the_weights_and_the_classes(saved):
    path, state = saved
    plain = write_plain_file(path)
    assert plain.name == 'epoch_3.safetensors'
    read = load_checkpoint_file(plain)
    assert read.keys() == {'state_dict', 'meta'}
    assert read['state_dict'].keys() == state.keys()
    assert all(torch.equal(read['state_dict'][key], state[key]) for key in state)
    described = dict(classes=['cat', 'dog'], palette=[[0, 1, 2]])
    assert read['meta'] == dict(epoch=3, iter=12, dataset_meta=described)
    with safe_open(plain, 'pt') as file:
        assert file.metadata()['format'] == 'pt'


def test_files_of_others_are_read_as_before(tmp_path):
    save_file(dict(w=torch.ones(2)), tmp_path / 'a.safetensors', dict(source='there'))
    assert load_checkpoint_file(tmp_path / 'a.safetensors').keys() == {'w'}
    assert header_meta({}) is None


@pytest.mark.parametrize('entry', ['{', '[]', '3', '[' * 100_000, json.dumps(dict(dataset_meta=3))])
def test_a_damaged_header(tmp_path, entry):
    path = tmp_path / 'a.safetensors'
    save_file(dict(w=torch.ones(2)), path, {KEY: entry})
    if 'dataset_meta' in entry:
        assert load_checkpoint_file(path)['meta'] == {}
        return
    with pytest.raises(ValueError, match=r'a\.safetensors is cut off or not a safetensors file'):
        load_checkpoint_file(path)


def test_header_of_a_checkpoint_that_says_nothing():
    assert header_meta(plain_header({})) == dict(dataset_meta={})


def test_damaged_and_failed_trainings_are_refused(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    torch.save(dict(state_dict=dict(w=torch.tensor([float('nan')]))), path)
    with pytest.raises(ValueError, match=r'w are not finite'):
        write_plain_file(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r'cut off'):
        write_plain_file(path)
    assert [path.name for path in tmp_path.iterdir()] == ['epoch_1.pth']
