"""A hundred losses of each toy training are those that were recorded."""

import golden_losses
import pytest
import torch
from toy_data import copy_digits

from mmaddp.run.toys import TOYS

pytestmark = pytest.mark.slow

# Between processors, numbers of threads and versions of PyTorch, sums are rounded differently.
TOLERANCE = 1e-5
# A tokenizer meets ties, which they decide: between codes, and at pixels met to the last bit, where
# L1 has no gradient. Four sets of instructions of one processor gave up to 7e-5.
TOLERANCES = dict.fromkeys(TOYS, TOLERANCE) | dict(tokenizer=1e-3)


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return copy_digits(tmp_path_factory.mktemp('toys') / 'data')


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize('kind', TOYS)
def test_losses_are_those_recorded(kind, data, tmp_path, one_thread):
    losses = golden_losses.train(kind, data, tmp_path)
    assert len(losses['loss']) == golden_losses.STEPS
    difference = golden_losses.largest_difference(losses, golden_losses.recorded(kind))
    assert difference < TOLERANCES[kind], (
        'numbers have changed; meant so? python tests/golden_losses.py'
    )


def test_a_small_change_is_seen():
    expected = golden_losses.recorded('addp')
    changed = {name: list(values) for name, values in expected.items()}
    changed['loss'][70] *= 1 + 2e-5
    assert golden_losses.largest_difference(changed, expected) > TOLERANCE
