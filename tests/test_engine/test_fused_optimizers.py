"""PyTorch's fused Adam and AdamW, which all configurations take, are the same but for rounding."""

import re
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

from mmaddp.weights.optimizer_state import optimizer_problems, plain_optimizer

CONFIGS = Path(__file__).parents[2] / 'configs'
STEPS = 5


def train(kind, fused, model, steps, state=None):
    """Train a model with fixed gradients; return the optimizer's wrapper."""
    optimizer = dict(type=kind, lr=0.05, betas=(0.9, 0.95), weight_decay=0.05, fused=fused)
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=optimizer,
            clip_grad=dict(max_norm=3.0),
            constructor='mmaddp.WeightDecayConstructor',
        ),
    )
    if state is not None:
        assert not list(optimizer_problems(state, wrapper))
        wrapper.load_state_dict(plain_optimizer(state, wrapper))
    assert all(group['fused'] is fused for group in wrapper.optimizer.param_groups)
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        wrapper.zero_grad()
        for parameter in model.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        wrapper.step()
    return wrapper


@pytest.mark.parametrize('kind', ['Adam', 'AdamW'])
def test_it_is_the_same_training_and_resumes_the_other(kind):
    torch.manual_seed(0)
    start = nn.Sequential(nn.Linear(37, 19), nn.LayerNorm(19), nn.Linear(19, 3))
    models = {}
    for first in (False, True):
        for then in (False, True):
            model = models[first, then] = deepcopy(start)
            state = train(kind, first, model, range(STEPS)).state_dict()
            train(kind, then, model, range(STEPS, 2 * STEPS), state)
    plain = models.pop((False, False))
    for found in models.values():
        for parameter, expected in zip(found.parameters(), plain.parameters()):
            torch.testing.assert_close(parameter, expected, atol=1e-6, rtol=1e-5)
    assert not torch.equal(plain[0].weight, start[0].weight)


def test_every_configuration_takes_it():
    calls = [
        call
        for file in CONFIGS.rglob('*.py')
        for call in re.findall(r"type='Adam\w*'[^)]*\)[^)]*\)", file.read_text())
    ]
    assert len(calls) >= 10
    assert not [call for call in calls if 'fused=True' not in call]
