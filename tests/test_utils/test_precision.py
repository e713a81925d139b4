"""Which precision is taken where."""

import pytest
import torch
from torch import nn

from mmaddp.utils import precision
from mmaddp.utils.precision import (
    LEAST_WIDTH,
    has_fast_bf16,
    network_width,
    resolve_precision,
)


def block(width):
    return nn.Sequential(nn.Linear(width, 4 * width), nn.LayerNorm(width), nn.Linear(width, 7))


def test_width_is_that_of_most_weights():
    assert network_width(block(96)) == 96
    assert network_width(nn.Sequential(block(768), block(32))) == 768
    assert network_width(nn.Conv2d(24, 48, 3)) == 24
    assert network_width(nn.LayerNorm(8)) == 0


@pytest.mark.parametrize('fast', [False, True])
def test_auto_is_bf16_for_wide_networks_on_devices_that_gain(fast, monkeypatch):
    monkeypatch.setattr(precision, 'has_fast_bf16', lambda device_type: fast)
    wide, narrow = block(LEAST_WIDTH), block(LEAST_WIDTH // 2)
    assert resolve_precision('auto', wide, 'cpu') == ('bf16' if fast else 'fp32')
    assert resolve_precision('auto', narrow, 'cpu') == 'fp32'
    assert resolve_precision('bf16', narrow, 'cpu') == 'bf16'
    with pytest.raises(ValueError, match=r"'half'.*'auto'"):
        resolve_precision('half', wide, 'cpu')


def test_devices(monkeypatch):
    for name in ('_is_avx512_bf16_supported', '_is_amx_tile_supported'):
        assert callable(getattr(torch.cpu, name))
        monkeypatch.setattr(torch.cpu, name, lambda: False)
    assert not has_fast_bf16('cpu') and not has_fast_bf16('mps')
    monkeypatch.setattr(torch.cpu, '_is_amx_tile_supported', lambda: True)
    assert has_fast_bf16('cpu')
