import pytest
import torch
from mmengine.dataset import sampler as sampler_module

from mmaddp.datasets import SampleIndex, SeededSampler, seeded_sampler
from mmaddp.registry import DATA_SAMPLERS


def ranks(monkeypatch, world_size, num_samples=23, epoch=0, **kwargs):
    samplers = []
    for rank in range(world_size):
        monkeypatch.setattr(sampler_module, 'get_dist_info', lambda r=rank: (r, world_size))
        sampler = DATA_SAMPLERS.build(
            dict(type='SeededSampler', **kwargs), default_args=dict(dataset=range(num_samples))
        )
        sampler.set_epoch(epoch)
        samplers.append(sampler)
    return samplers


def interleaved(samplers):
    return [index for row in zip(*samplers) for index in row]


def test_yields_indices_with_epoch_and_seed():
    sampler = SeededSampler(range(5), seed=3)
    sampler.set_epoch(2)
    indices = list(sampler)
    assert sorted(indices) == list(range(5))
    assert all(isinstance(index, SampleIndex) for index in indices)
    assert {(index.epoch, index.seed) for index in indices} == {(2, 3)}


def test_order_depends_on_seed_and_epoch_only(monkeypatch):
    (one,) = ranks(monkeypatch, 1, seed=0)
    order = list(one)
    assert order == list(one)
    one.set_epoch(1)
    assert list(one) != order
    assert list(SeededSampler(range(23), seed=1)) != order
    assert list(SeededSampler(range(23), shuffle=False, seed=1)) == list(range(23))


def test_short_epochs_go_on_in_the_order(monkeypatch):
    (one,) = ranks(monkeypatch, 1, seed=0, epoch_length=10)
    epochs = []
    for epoch in range(5):
        one.set_epoch(epoch)
        epochs.append(list(one))
        assert len(one) == len(epochs[-1]) == 10
    (whole,) = ranks(monkeypatch, 1, seed=0)
    passes = list(whole)
    whole.set_epoch(1)
    passes += list(whole)
    assert [index for epoch in epochs for index in epoch][:46] == passes
    assert {index.epoch for index in epochs[3]} == {3}
    two = ranks(monkeypatch, 2, seed=0, epoch_length=10, epoch=3)
    assert interleaved(two) == epochs[3]
    with pytest.raises(ValueError, match=r'epoch_length.*0'):
        SeededSampler(range(5), epoch_length=0)


@pytest.mark.parametrize('world_size', [2, 4, 30])
def test_order_does_not_depend_on_world_size(monkeypatch, world_size):
    (one,) = ranks(monkeypatch, 1, seed=0, epoch=4)
    order = list(one)
    many = ranks(monkeypatch, world_size, seed=0, epoch=4)
    joined = interleaved(many)
    assert joined[:23] == order
    assert {len(list(sampler)) for sampler in many} == {len(many[0])}
    assert joined[23:] == order[: len(joined) - 23]


def test_restore_in_the_middle(monkeypatch):
    (one,) = ranks(monkeypatch, 1, seed=0, epoch=2)
    order = list(one)
    iterator = iter(one)
    for _ in range(8):
        next(iterator)
    state = one.state_dict()
    assert state == dict(seed=0, epoch=2, consumed=8)
    (fresh,) = ranks(monkeypatch, 1, seed=5)
    fresh.load_state_dict(state)
    fresh.set_epoch(2)  # as mmengine's hook does at the start of every epoch
    assert fresh.state_dict() == state
    assert list(fresh) == order[8:] and len(fresh) == 23
    assert list(fresh) == order  # only the interrupted pass is shortened
    fresh.load_state_dict(state)
    fresh.set_epoch(3)
    assert len(list(fresh)) == 23


def test_restore_with_another_number_of_ranks(monkeypatch):
    (one,) = ranks(monkeypatch, 1, seed=0)
    order = list(one)
    pair = ranks(monkeypatch, 2, seed=0)
    state = pair[1].state_dict(consumed=6)
    assert state == pair[0].state_dict(consumed=6)
    one.load_state_dict(state)
    assert list(one) == order[12:]
    four = ranks(monkeypatch, 4, seed=9)
    for sampler in four:
        sampler.load_state_dict(state)
    assert interleaved(four)[:11] == order[12:]
    with pytest.raises(ValueError, match='12 consumed samples does not fit 5 ranks'):
        ranks(monkeypatch, 5, seed=0)[0].load_state_dict(state)


def test_bad_positions():
    sampler = SeededSampler(range(5), seed=0)
    with pytest.raises(ValueError, match='consumed=6'):
        sampler.state_dict(consumed=6)
    with pytest.raises(ValueError, match='7 consumed'):
        sampler.load_state_dict(dict(seed=0, epoch=0, consumed=7))
    with pytest.raises(ValueError, match='empty'):
        SeededSampler([], seed=0)
    with pytest.raises(ValueError, match='-1'):
        SeededSampler(range(5), seed=-1)


def test_seed_of_the_runner(monkeypatch):
    """None gives rank 0's seed of PyTorch, whatever was drawn since."""
    torch.manual_seed(12)
    torch.rand(5)
    assert SeededSampler(range(5)).seed == 12

    def broadcast(data):
        data[0] = 12

    monkeypatch.setattr(seeded_sampler, 'broadcast_object_list', broadcast)
    torch.manual_seed(13)  # another rank
    assert SeededSampler(range(5)).seed == 12
