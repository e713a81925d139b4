from itertools import pairwise

import pytest
import torch
from toy_models import toy_addp

from mmaddp.models.task_modules import SampleNoise, halton_ranks, last_ranked, rolled_ranks
from mmaddp.registry import MODELS


def test_the_first_cells_of_the_sequence():
    # In the bases 2 and 3: (1/2, 1/3), (1/4, 2/3), (3/4, 1/9), (1/8, 4/9), (5/8, 7/9).
    ranks = halton_ranks((4, 3))
    found = [divmod(ranks.flatten().tolist().index(place), 3) for place in range(5)]
    assert found == [(2, 1), (1, 2), (3, 0), (0, 1), (2, 2)]


@pytest.mark.parametrize('grid_size', [(1, 1), (2, 5), (4, 4), (16, 16), (7, 3)])
def test_each_position_has_a_place(grid_size):
    ranks = halton_ranks(grid_size)
    assert ranks.shape == grid_size and ranks.dtype == torch.long
    assert sorted(ranks.flatten().tolist()) == list(range(ranks.numel()))


def test_positions_that_follow_each_other_lie_apart():
    ranks = halton_ranks((16, 16)).flatten()
    places = [divmod(position, 16) for position in ranks.argsort().tolist()]
    steps = [abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in pairwise(places)]
    assert sum(steps) / len(steps) > 8  # 1 in reading order
    quarters = [(row // 8, column // 8) for row, column in places[:16]]
    assert all(2 <= quarters.count(quarter) <= 6 for quarter in set(quarters))
    assert len(set(quarters)) == 4


def test_every_picture_has_the_order_shifted():
    _, gumbel = SampleNoise(range(20), 12, torch.device('cpu')).draw()
    ranks = rolled_ranks((3, 4), gumbel).unflatten(1, (3, 4))
    shifts = {(row, column) for row in range(3) for column in range(4)}
    found = set()
    for each in ranks:
        found |= {s for s in shifts if torch.equal(each, halton_ranks((3, 4)).roll(s, (0, 1)))}
    assert len(found) > 6
    _, alone = SampleNoise([7], 12, torch.device('cpu')).draw()
    assert torch.equal(rolled_ranks((3, 4), alone)[0].unflatten(0, (3, 4)), ranks[7])


def test_the_last_ones_stay_masked():
    ranks = torch.tensor([[3, 0, 4, 1, 2]])
    mask = torch.tensor([[True, True, False, True, True]])
    assert last_ranked(ranks, mask, 2).tolist() == [[True, False, False, False, True]]


def test_a_model_generates_in_that_order():
    torch.manual_seed(0)
    sampler = dict(type='mmaddp.AlternatingSampler', num_steps=5, order='halton')
    model = MODELS.build(toy_addp(sampler=sampler)).eval()
    model.init_weights()
    grid_size = model.target_generator.grid_size
    _, gumbel = SampleNoise([4, 5], model.neck.num_tokens, torch.device('cpu')).draw()
    ranks = rolled_ranks(grid_size, gumbel)
    for state in model.generate([4, 5]):
        known = model.neck.num_tokens - state.num_masked
        assert torch.equal(~state.mask, ranks < known)
