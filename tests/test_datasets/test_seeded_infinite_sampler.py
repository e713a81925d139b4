"""One endless order of samples, whatever the number of ranks and wherever it begins."""

from itertools import islice

import pytest
from mmengine.dataset import sampler as sampler_module

from mmaddp.datasets import SampleIndex, SeededInfiniteSampler, SeededSampler

SIZE = 7


def ranks(monkeypatch, world_size, **kwargs):
    samplers = []
    for rank in range(world_size):
        monkeypatch.setattr(sampler_module, 'get_dist_info', lambda r=rank: (r, world_size))
        samplers.append(SeededInfiniteSampler(range(SIZE), seed=3, **kwargs))
    return samplers


def first(samplers, rounds):
    rows = islice(zip(*samplers), rounds)
    return [(int(index), index.epoch, index.seed) for row in rows for index in row]


def test_epochs_follow_one_another(monkeypatch):
    order = first(ranks(monkeypatch, 1), 3 * SIZE)
    expected = []
    for epoch in range(3):
        finite = SeededSampler(range(SIZE), seed=3)
        finite.set_epoch(epoch)
        expected += [(int(index), epoch, 3) for index in finite]
    assert order == expected
    assert all(isinstance(index, SampleIndex) for index in islice(SeededInfiniteSampler([1]), 2))


def test_without_shuffling(monkeypatch):
    order = first(ranks(monkeypatch, 1, shuffle=False), 2 * SIZE)
    assert [index for index, _, _ in order] == 2 * list(range(SIZE))


@pytest.mark.parametrize('world_size', [2, 3, 7, 10])
def test_order_does_not_depend_on_the_number_of_ranks(monkeypatch, world_size):
    rounds = 5 * SIZE
    many = first(ranks(monkeypatch, world_size), rounds)
    assert many == first(ranks(monkeypatch, 1), rounds * world_size)


@pytest.mark.parametrize('used', [0, 1, 3, 4, 7, 11, 30])
@pytest.mark.parametrize('after', [1, 2, 4])
def test_continues_where_it_was(monkeypatch, used, after):
    whole = first(ranks(monkeypatch, 1), 100)
    stopped = ranks(monkeypatch, 2)
    first(stopped, used)
    states = [sampler.state_dict(used) for sampler in stopped]
    assert states[0] == states[1] == stopped[0].state_dict()
    resumed = ranks(monkeypatch, after)
    if 2 * used % after:
        with pytest.raises(ValueError, match=f'does not fit {after} ranks'):
            resumed[0].load_state_dict(states[0])
        return
    assert {sampler.load_state_dict(states[0]) for sampler in resumed} == {2 * used // after}
    assert first(resumed, 8) == whole[2 * used : 2 * used + 8 * after]


def test_state_is_small_and_plain(monkeypatch):
    (sampler,) = ranks(monkeypatch, 1)
    assert sampler.state_dict(3 * SIZE + 2) == dict(seed=3, epoch=3, consumed=2)


def test_an_epoch_that_is_set_changes_nothing(monkeypatch):
    (sampler,) = ranks(monkeypatch, 1)
    sampler.load_state_dict(dict(seed=3, epoch=1, consumed=2))
    sampler.set_epoch(0)
    assert first([sampler], 1)[0][1] == 1
