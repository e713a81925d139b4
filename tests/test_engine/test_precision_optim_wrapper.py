"""Forward passes in a chosen precision, on any device."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

from mmaddp.utils import precision

OPTIMIZER = dict(type='AdamW', lr=1e-3)


def wrapper_of(model, **kwargs):
    kind = dict(type='mmaddp.PrecisionOptimWrapper', optimizer=OPTIMIZER, **kwargs)
    return build_optim_wrapper(model, kind)


@pytest.mark.parametrize('name', ['fp32', 'bf16'])
def test_step(name):
    torch.manual_seed(0)
    model = nn.Linear(8, 8)
    before = model.weight.clone()
    wrapper = wrapper_of(model, precision=name, accumulative_counts=2)
    for _ in range(2):
        with wrapper.optim_context(model):
            out = model(torch.randn(3, 8))
        assert out.dtype == (precision.PRECISIONS[name] or torch.float32)
        wrapper.update_params(out.float().square().mean())
    assert (model(torch.randn(3, 8)).dtype, model.weight.dtype) == (torch.float32,) * 2
    assert not torch.equal(model.weight, before)


@pytest.mark.parametrize('width', [8, precision.LEAST_WIDTH])
def test_auto_looks_at_device_and_network(width, monkeypatch):
    monkeypatch.setattr(precision, 'has_fast_bf16', lambda device_type: True)
    model = nn.Linear(width, width)
    with wrapper_of(model).optim_context(model):
        dtype = model(torch.randn(3, width)).dtype
    assert dtype == (torch.bfloat16 if width == precision.LEAST_WIDTH else torch.float32)


@pytest.mark.parametrize('name', ['fp16', 'double'])
def test_other_precisions_are_refused(name):
    with pytest.raises(ValueError, match=name):
        wrapper_of(nn.Linear(2, 2), precision=name)
