"""Weights with an entry that is not a weight: named by every reader."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mmaddp.weights.addresses import load_from_address
from mmaddp.weights.checkpoint import extract_state_dict, load_weights
from mmaddp.weights.conversion.files import write_weights
from mmaddp.weights.conversion.from_official import convert_official

ODD = [
    *(None, 3, 'x', [1], {}, b'x', torch.full((4, 3), float('nan')), torch.ones(2)),
    *(torch.ones(4, 3).to('meta'), torch.ones(4, 3).to_sparse(), torch.ones(4, 3) * 1j),
]


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


@given(st.sampled_from(ODD), st.sampled_from(['0.weight', '1.running_var', 'new', 7, ('a',), None]))
@settings(deadline=None)
def test_one_odd_entry(tmp_path_factory, odd, key):
    path = tmp_path_factory.mktemp('odd') / 'net.pth'
    torch.save(dict(state_dict={**network().state_dict(), key: odd}), path)
    with pytest.raises(ValueError, match=r'net\.pth'):
        tensors = extract_state_dict(load_from_address(str(path), 'cpu'), str(path))
        load_weights(network(), tensors, str(path))


@pytest.mark.parametrize('odd', ODD[:6], ids=str)
@pytest.mark.parametrize('key', ['tokenizer_norm.weight', 7])
def test_official_files(tmp_path, odd, key):
    path = tmp_path / 'official.pth'
    torch.save(dict(model={'tokenizer_norm.bias': torch.ones(3), key: odd}), path)
    with pytest.raises(ValueError, match=r'official\.pth is damaged'):
        load_from_address(str(path))
    with pytest.raises(ValueError, match=r'official\.pth'):
        convert_official(path)


def test_no_nan_is_written(tmp_path):
    with pytest.raises(ValueError, match=r'bias are not finite.*a\.pth is not written'):
        write_weights(tmp_path / 'a.pth', dict(bias=torch.tensor([float('nan')])), {})
    assert not list(tmp_path.iterdir())
