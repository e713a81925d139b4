"""A rank that hangs is named by those that wait for it."""

import multiprocessing
import os
import signal
import time

import pytest

from mmaddp.utils.rank_watch import RankWatch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings('ignore:This process:DeprecationWarning'),
]
LIMIT = 2.0


@pytest.fixture
def watch(tmp_path):
    """Rank 0 of three; what it says when it stops is in ``said``."""
    said = []
    watch = RankWatch(tmp_path / 'ranks', 0, 3, LIMIT, said.append)
    watch.said = said
    yield watch
    watch.end()


def other(folder, rank, pipe):
    watch = RankWatch(folder, rank, 3, 1000)
    watch.interval = LIMIT / 20
    watch.start()
    while True:
        watch.note(*pipe.recv())
        pipe.send('noted')


@pytest.fixture
def ranks(tmp_path):
    """Two more processes; send a step and what they do."""
    fork, pipes, processes = multiprocessing.get_context('fork'), {}, {}
    for rank in (1, 2):
        pipes[rank], theirs = multiprocessing.Pipe()
        processes[rank] = fork.Process(target=other, args=(tmp_path / 'ranks', rank, theirs))
        processes[rank].start()
        pipes[rank].send((7, 'computes'))
        pipes[rank].recv()
        while not (tmp_path / 'ranks' / str(rank)).exists():
            time.sleep(0.01)
    yield pipes, processes
    for process in processes.values():
        process.kill()
        process.join(30)


def wait(watch, seconds=8 * LIMIT):
    end = time.monotonic() + seconds
    while not watch.said and time.monotonic() < end:
        time.sleep(0.05)
    return watch.said


def test_a_stopped_rank_is_named(watch, ranks):
    watch.note(7, 'computes')
    watch.start()
    os.kill(ranks[1][2].pid, signal.SIGSTOP)
    (text,) = wait(watch)
    assert 'rank 2 does not answer' in text and 'rank 1' not in text
    assert 'Rank 0 computes at step 7' in text and '--resume' in text


def test_a_rank_that_is_behind_is_named(watch, ranks):
    watch.note(8, 'computes')
    ranks[0][2].send((8, 'computes'))
    ranks[0][2].recv()
    watch.start()
    (text,) = wait(watch)
    assert 'rank 1 is behind: it computes at step 7' in text and 'rank 2' not in text


def test_ranks_that_are_slow_together_go_on(watch, ranks):
    watch.note(7, 'computes')
    watch.start()
    assert wait(watch, 2 * LIMIT) == []


def test_progress_is_no_hang(watch, ranks):
    watch.start()
    os.kill(ranks[1][2].pid, signal.SIGSTOP)
    for step in range(20):
        watch.note(step, 'computes')
        time.sleep(LIMIT / 8)
    assert watch.said == []
