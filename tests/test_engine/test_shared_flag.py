"""All ranks see a flag at the same step."""

import multiprocessing
import time

import pytest
import torch.distributed

from mmaddp.engine.shared_flag import SharedFlag

STEPS = 6


def in_rank(rank, raised, meeting, results):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{meeting}', rank=rank, world_size=2
    )
    flag, seen = SharedFlag(), []
    for step in range(STEPS):
        time.sleep(0.02 * rank)
        seen.append(flag.exchange(step >= raised.get(rank, STEPS)))
    flag.finish()
    results.put(seen)


@pytest.mark.parametrize(
    'raised, first', [({}, STEPS), ({0: 2}, 3), ({1: 0}, 1), ({0: 4, 1: 1}, 2)]
)
def test_all_ranks_see_it_one_step_later(tmp_path, raised, first):
    fork = multiprocessing.get_context('fork')
    results = fork.Queue()
    arguments = (raised, tmp_path / 'meeting', results)
    ranks = [fork.Process(target=in_rank, args=(rank, *arguments)) for rank in range(2)]
    for process in ranks:
        process.start()
    seen = [results.get(timeout=60) for _ in ranks]
    for process in ranks:
        process.join(60)
    assert seen == [[step >= first for step in range(STEPS)]] * 2


def test_a_single_process_sees_its_own_at_once():
    flag = SharedFlag()
    assert [flag.exchange(raised) for raised in (False, True)] == [False, True]
    flag.finish()
