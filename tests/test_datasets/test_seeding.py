import copy
import pickle
import random

import numpy as np
import pytest
import torch

from mmaddp.datasets.seeding import (
    SampleIndex,
    check_seed,
    epoch_order,
    sample_seeds,
    seeded_rng,
)


def test_sample_index_is_an_int_that_travels():
    index = SampleIndex(7, epoch=3, seed=5)
    assert index == 7 and [10, 11] * index == [10, 11] * 7 and f'{index}' == '7'
    for twin in (pickle.loads(pickle.dumps(index)), copy.deepcopy(index)):
        assert (twin, twin.epoch, twin.seed) == (7, 3, 5)
    assert SampleIndex(7).epoch == 0 and SampleIndex(7).seed is None


def test_sample_seeds_are_a_pure_function_without_collisions():
    assert sample_seeds(1, 2, 3) == sample_seeds(1, 2, 3)
    seeds = [sample_seeds(s, e, i) for s in range(3) for e in range(4) for i in range(200)]
    numbers = [number for four in seeds for number in four]
    assert len(set(numbers)) == len(numbers)
    assert all(0 <= number < 2**63 for number in numbers)


@pytest.mark.parametrize('place', [(0, 0, 0), (7, 3, 2**32 - 1), (7, 2**32, 1), (2**70, 0, 5)])
def test_sample_seeds_are_numpys(place):
    words = np.random.SeedSequence(place).generate_state(4, np.uint64)
    assert sample_seeds(*place) == tuple(int(word) >> 1 for word in words)


def test_epoch_order():
    assert epoch_order(50, 0, 1) == epoch_order(50, 0, 1)
    assert sorted(epoch_order(50, 0, 1)) == list(range(50))
    # mmengine's seed + epoch would make these two equal
    assert epoch_order(50, 0, 1) != epoch_order(50, 1, 0)


def draw():
    return random.random(), np.random.rand(), torch.rand(()).item()


def test_seeded_rng_seeds_and_restores():
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = draw()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    with seeded_rng(sample_seeds(0, 0, 0)):
        inside = draw()
    assert draw() == expected
    with seeded_rng(sample_seeds(0, 0, 0)):
        assert draw() == inside
    with seeded_rng(sample_seeds(0, 0, 1)):
        assert all(a != b for a, b in zip(draw(), inside))


def test_seeded_rng_restores_the_second_half_of_a_pair_of_normal_numbers():
    np.random.seed(1)
    pair = np.random.randn(2)
    np.random.seed(1)
    first = np.random.randn()
    with seeded_rng(sample_seeds(0, 0, 0)):
        inside = np.random.randn()
    assert (first, np.random.randn()) == tuple(pair)
    with seeded_rng(sample_seeds(0, 0, 0)):
        assert np.random.randn() == inside


def test_seeded_rng_restores_after_an_error():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    with pytest.raises(RuntimeError), seeded_rng(sample_seeds(0, 0, 0)):
        raise RuntimeError
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize('seed', [-1, 1.5, True, None, '3'])
def test_bad_seed(seed):
    with pytest.raises(ValueError, match='non-negative integer'):
        check_seed(seed)
