import json
from pathlib import Path

import pytest
import torch
from mmengine.registry import PARAM_SCHEDULERS

from mmaddp.engine.schedulers import WarmupCosineLR

REFERENCE = Path(__file__).parents[1] / 'data' / 'reference' / 'reference.json'
# (warm-up, epochs, minimum) at peak 1 of each schedule in the reference file.
SCHEDULES = dict(
    finetune_base=(20, 100, 1e-6), finetune_large=(5, 50, 1e-6), pretrain=(40, 1600, 0)
)
EPOCH_LENGTH = 4


def optimizer(*rates):
    groups = [dict(params=[torch.nn.Parameter(torch.zeros(1))], lr=rate) for rate in rates]
    return torch.optim.SGD(groups, lr=1.0)


def build(optim, epoch_length=EPOCH_LENGTH, **kwargs):
    cfg = dict(type='mmaddp.WarmupCosineLR', convert_to_iter_based=True, **kwargs)
    return PARAM_SCHEDULERS.build(
        cfg, default_args=dict(optimizer=optim, epoch_length=epoch_length)
    )


def advance(scheduler, optim, steps=1):
    for _ in range(steps):
        optim.step()
        scheduler.step()


@pytest.mark.parametrize('name', SCHEDULES)
def test_equals_the_official_schedule(name):
    warmup, epochs, minimum = SCHEDULES[name]
    expected = json.loads(REFERENCE.read_text())['lr_schedule'][name]
    kwargs = dict(warmup=warmup, end=epochs, eta_min_ratio=minimum)
    scheduler = build(optimizer(1.0), epoch_length=100, **kwargs)
    assert len(expected) == 7
    for epoch, rate in expected.items():
        assert scheduler.factor(float(epoch) * 100) == pytest.approx(rate, abs=1e-9), epoch


def test_steps_follow_the_formula():
    optim = optimizer(2.0)
    scheduler = build(optim, warmup=3, end=11, eta_min_ratio=0.1)
    for step in range(11 * EPOCH_LENGTH):
        assert optim.param_groups[0]['lr'] == 2.0 * scheduler.factor(step), step
        advance(scheduler, optim)


def test_starts_at_exactly_zero_and_peaks_at_the_base_rate():
    optim = optimizer(0.3)
    scheduler = build(optim, warmup=2, end=10)
    assert optim.param_groups[0]['lr'] == 0.0
    advance(scheduler, optim, 2 * EPOCH_LENGTH)
    assert optim.param_groups[0]['lr'] == 0.3


def test_minimum_scales_with_the_group():
    optim = optimizer(1.0, 0.1)
    scheduler = build(optim, warmup=1, end=5, eta_min_ratio=0.01)
    for _ in range(5 * EPOCH_LENGTH - 1):
        advance(scheduler, optim)
        first, second = (group['lr'] for group in optim.param_groups)
        assert second == pytest.approx(0.1 * first, rel=1e-12)
    assert scheduler.factor(5 * EPOCH_LENGTH) == pytest.approx(0.01)


def test_resumes_from_its_state():
    optim = optimizer(1.0, 0.5)
    scheduler = build(optim, warmup=2, end=6)
    advance(scheduler, optim, 7)
    again_optim = optimizer(1.0, 0.5)
    again = build(again_optim, warmup=2, end=6)
    again_optim.load_state_dict(optim.state_dict())
    again.load_state_dict(scheduler.state_dict())
    for _ in range(10):
        advance(scheduler, optim)
        advance(again, again_optim)
        assert [g['lr'] for g in again_optim.param_groups] == [g['lr'] for g in optim.param_groups]


def test_no_warmup_and_epoch_steps():
    optim = optimizer(1.0)
    scheduler = WarmupCosineLR(optim, end=2)
    assert optim.param_groups[0]['lr'] == 1.0
    advance(scheduler, optim)
    assert optim.param_groups[0]['lr'] == pytest.approx(0.5)


@pytest.mark.parametrize(
    'kwargs, message',
    [
        (dict(warmup=5, end=5), r'warmup=5.*end=5'),
        (dict(warmup=-1, end=5), 'warmup=-1'),
        (dict(warmup=1), 'needs end'),
        (dict(end=5, eta_min_ratio=2.0), r'eta_min_ratio.*2\.0'),
    ],
)
def test_impossible_schedules(kwargs, message):
    with pytest.raises(ValueError, match=message):
        WarmupCosineLR(optimizer(1.0), **kwargs)
