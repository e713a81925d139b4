"""Checkpoints whose tensors lie in shards: read whole, or refused."""

import json

import pytest
import torch
from safetensors.torch import save_file

from mmaddp.weights.shards import (
    shard_folder,
    table_of,
    take_tensors,
    with_tensors,
    without_tensors,
)

WEIGHTS = dict(w=torch.arange(12.0).view(4, 3), b=torch.ones(2), n=torch.tensor(5))
OPTIMIZER = dict(
    state={0: dict(step=torch.tensor(7.0), exp_avg=torch.ones(4, 3), note='x')},
    param_groups=[dict(params=[0], lr=0.1)],
)
WHOLE = take_tensors(WEIGHTS, OPTIMIZER)


def save_shard(path, number, parts):
    """Write a shard as PyTorch does: parts of tensors, with their offsets in the header."""
    places = {name: dict(saved_offsets=offsets) for name, (_, offsets) in parts.items()}
    file = shard_folder(path) / f'shard-{number:05}-model-00001-of-00001.safetensors'
    file.parent.mkdir(exist_ok=True)
    tensors = {name: tensor.contiguous() for name, (tensor, _) in parts.items()}
    save_file(tensors, file, dict(DCP_SHARDING_INFO=json.dumps(places)))
    return file


@pytest.fixture
def path(tmp_path):
    """A checkpoint of two shards: tall tensors by rows, the others in the first."""
    path = tmp_path / 'epoch_1.pth'
    tall = {name for name, value in WHOLE.items() if value.ndim == 2}
    first = {name: (value, [0] * value.ndim) for name, value in WHOLE.items() if name not in tall}
    save_shard(path, 1, first | {name: (WHOLE[name][:3], [0, 0]) for name in tall})
    save_shard(path, 2, {name: (WHOLE[name][3:], [3, 0]) for name in tall})
    return path


def checkpoint(**changes):
    return dict(meta=dict(epoch=1), **without_tensors(OPTIMIZER, WHOLE)) | changes


def test_a_checkpoint_is_put_together(path):
    content = with_tensors(checkpoint(), path)
    assert content.keys() == {'meta', 'state_dict', 'optimizer'}
    assert content['state_dict'].keys() == WEIGHTS.keys()
    assert all(torch.equal(content['state_dict'][key], WEIGHTS[key]) for key in WEIGHTS)
    optimizer = content['optimizer']
    assert optimizer['param_groups'] == OPTIMIZER['param_groups']
    (state,) = optimizer['state'].values()
    assert state['note'] == 'x' and state['step'] == 7
    assert torch.equal(state['exp_avg'], torch.ones(4, 3))


@pytest.mark.parametrize('optimizer', [None, 3, {}, dict(state=3), dict(state={0: 3, 'x': {}})])
def test_odd_entries_of_the_optimizer_are_left_to_its_check(path, optimizer):
    content = with_tensors(checkpoint(optimizer=optimizer), path)
    assert content['state_dict'].keys() == WEIGHTS.keys()


def test_others_are_left_alone(path):
    content = dict(state_dict=WEIGHTS)
    assert with_tensors(content, path) is content


TABLE, W = table_of(WHOLE), 'state_dict/w'


@pytest.mark.parametrize(
    'table',
    [
        *(3, 'x', ['w'], {W: 3}, {W: [[4], 'float32', 1]}, {W: [[-4, 3], 'float32']}),
        *({W: [[4, 3], 'load']}, {W: [[4, 3], 'float33']}, {W: [[10**30], 'int8']}),
        *({'w': [[], 'int8']}, {3: [[], 'int8']}, {'optimizer/x/y': [[], 'int8']}),
        *({}, {key: TABLE[key] for key in list(TABLE)[1:]}),  # a shard holds more
        TABLE | {W: [[3, 3], 'float32']},
        TABLE | {W: [[4, 3, 1], 'float32']},
    ],
)
def test_a_damaged_table(path, table):
    with pytest.raises(ValueError, match=r'The shards of .*epoch_1\.pth are damaged'):
        with_tensors(checkpoint(shards=table), path)


@pytest.mark.parametrize(
    'table',
    [TABLE | {W: [[5, 3], 'float32']}, TABLE | {'state_dict/new': [[2**30], 'int8']}],
)
def test_parts_are_missing(path, table):
    with pytest.raises(ValueError, match=r'parts of 1 tensors are missing in .*epoch_1\.shards'):
        with_tensors(checkpoint(shards=table), path)


@pytest.mark.parametrize('offsets', [[-1, 0], [3], [4, 0], [1, 0], ['3', 0], None])
def test_a_damaged_header(path, offsets):
    tall = {name: (value[3:], offsets) for name, value in WHOLE.items() if value.ndim == 2}
    save_shard(path, 2, tall)
    if offsets == [1, 0]:  # as many numbers as there should be, the last row is not among them
        assert not with_tensors(checkpoint(), path)['state_dict']['w'][3].any()
        return
    with pytest.raises(ValueError, match=r'The shards of .*epoch_1\.pth are damaged'):
        with_tensors(checkpoint(), path)


def test_no_header_and_no_folder(path):
    (shard_folder(path) / 'other.safetensors').write_bytes(b'{}')
    with pytest.raises(ValueError, match='damaged'):
        with_tensors(checkpoint(), path)
    for file in shard_folder(path).iterdir():
        file.unlink()
    with pytest.raises(ValueError, match='not complete'):
        with_tensors(checkpoint(), path)
