"""What a checkpoint may say about a place in the data, and about gathered gradients."""

import math

import pytest
import torch

from mmaddp.weights.position_state import gradient_problems, has_stepped, position_problems

POSITION = dict(
    batches=3,
    num_ranks=2,
    batch_size=4,
    accumulation=2,
    counts={'': 7},
    validated=True,
    samples=dict(seed=0, epoch=1, consumed=24),
)


def test_sound_positions():
    assert list(position_problems(POSITION, 1, 7)) == []
    assert list(position_problems(POSITION, None)) == []
    assert list(position_problems(POSITION | dict(batch_size=None), 1, 3)) == []
    without = {key: value for key, value in POSITION.items() if key != 'samples'}
    assert list(position_problems(without, 5)) == []
    assert list(position_problems(None, 1)) == []


ODD = (None, 'x', 1.5, -1, True, 10**13, math.nan, [], {})


@pytest.mark.parametrize('value', ODD, ids=str)
@pytest.mark.parametrize('key', ['batches', 'num_ranks', 'accumulation'])
def test_numbers(key, value):
    (problem,) = position_problems(POSITION | {key: value}, 1)
    assert problem.startswith(f'position.{key} must be a whole number from ')


@pytest.mark.parametrize(
    ('key', 'value', 'text'),
    [
        ('num_ranks', 0, 'from 1, got 0'),
        ('accumulation', 0, 'from 1, got 0'),
        ('batch_size', 0, 'None or a whole number from 1'),
        ('batch_size', '4', 'None or a whole number from 1'),
        ('validated', 1, 'True or False, got 1'),
        ('validated', None, 'True or False'),
        ('counts', None, 'batches that each optimizer'),
        ('counts', {'': -1}, 'batches that each optimizer'),
        ('counts', {1: 1}, 'batches that each optimizer'),
        ('samples', [], 'samples is not a dict'),
        ('samples', dict(seed=-1, epoch=1, consumed=0), 'samples.seed must'),
        ('samples', dict(seed=2**64, epoch=1, consumed=0), 'samples.seed must'),
        ('samples', dict(seed=0, epoch=1), 'samples.consumed must'),
        ('samples', dict(seed=0, epoch=2, consumed=0), 'epoch is 2, but meta.epoch is 1'),
    ],
)
def test_other_entries(key, value, text):
    (problem,) = position_problems(POSITION | {key: value}, 1)
    assert text in problem


@pytest.mark.parametrize('epoch', [torch.tensor([1, 2]), 'x', None])
def test_epoch_that_is_no_number_is_compared_with_nothing(epoch):
    samples = POSITION['samples'] | dict(epoch=epoch)
    (problem,) = position_problems(POSITION | dict(samples=samples), 1)
    assert problem.startswith('position.samples.epoch must be a whole number')
    assert list(position_problems(POSITION, epoch)) == []


def test_no_more_batches_than_iterations():
    (problem,) = position_problems(POSITION, 1, 2)
    assert problem == 'position.batches is 3, but meta.iter is 2'


@pytest.mark.parametrize('key', sorted(POSITION.keys() - {'samples'}))
def test_each_entry_must_be_there(key):
    (problem,) = position_problems({k: v for k, v in POSITION.items() if k != key}, 1)
    assert problem.startswith(f'position.{key} must ')


@pytest.mark.parametrize('position', [[], 'x', {1: 2}, 3])
def test_not_a_dict(position):
    assert list(position_problems(position, 1)) == ['position is not a dict']


def test_whether_an_optimizer_has_stepped():
    assert has_stepped(None, '', 4)
    assert has_stepped(dict(counts=[]), '', 4)
    assert has_stepped(dict(counts={'': 'x'}), '', 4)
    assert has_stepped(dict(counts={'': 4}), '', 4)
    assert not has_stepped(dict(counts={'': 3}), '', 4)
    assert not has_stepped(dict(counts=dict(a=9, b=0)), 'b', 1)


SHAPES = dict(weight=torch.Size([2, 3]), bias=torch.Size([2]))


def test_sound_gradients():
    ranks = [dict(weight=torch.ones(2, 3)), dict(weight=torch.ones(2, 3), bias=torch.ones(2))]
    assert list(gradient_problems(ranks, SHAPES, False)) == []
    assert list(gradient_problems(None, SHAPES, False)) == []
    overflown = [dict(bias=torch.tensor([math.inf, 1]))]
    assert list(gradient_problems(overflown, SHAPES, True)) == []
    (problem,) = gradient_problems(overflown, SHAPES, False)
    assert problem == 'gradients[0].bias is not finite'


@pytest.mark.parametrize(
    ('ranks', 'text'),
    [
        ([], 'for each rank'),
        ({}, 'for each rank'),
        ([[torch.ones(2)]], 'for each rank'),
        ([{1: torch.ones(2)}], 'for each rank'),
        ([dict(bias=torch.ones(3))], 'fits no parameter'),
        ([dict(other=torch.ones(2))], 'fits no parameter'),
        ([dict(bias=3.0)], 'not a tensor'),
        ([dict(bias=torch.ones(2).to('meta'))], 'not a dense tensor'),
        ([dict(bias=torch.ones(2).to_sparse())], 'not a dense tensor'),
    ],
)
def test_odd_gradients(ranks, text):
    (problem,) = gradient_problems(ranks, SHAPES, False)
    assert text in problem
