"""Seeds of single samples, and the order of an epoch."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Optional, Union

import numpy as np
import torch

UINT32_MAX = 2**32 - 1


class SampleIndex(int):
    """An index into a data set that knows its epoch and the seed of the run.

    It is an ``int`` everywhere; arithmetic gives plain ints. It travels to the workers of a data
    loader with its attributes.

    Attributes:
        epoch (int): Epoch in which the sample is drawn, from 0.
        seed (int, optional): Seed of the sampler that drew it.
    """

    epoch: int
    seed: Optional[int]

    def __new__(cls, index: int, epoch: int = 0, seed: Optional[int] = None) -> 'SampleIndex':
        """Make an index; an epoch and a seed may come as tensors or NumPy integers."""
        self = super().__new__(cls, index)
        self.epoch = int(epoch)
        self.seed = None if seed is None else int(seed)
        return self

    def __reduce__(self) -> tuple:
        return type(self), (int(self), self.epoch, self.seed)

    def __repr__(self) -> str:
        return f'SampleIndex({int(self)}, epoch={self.epoch}, seed={self.seed})'

    __str__ = int.__repr__


class SampleSeeds(NamedTuple):
    """Independent seeds of one sample in one epoch, each in 0..2**63-1.

    Attributes:
        sample (int): Handed on to the model, for what it draws per sample.
        torch (int): Of PyTorch's CPU generator.
        python (int): Of Python's ``random``.
        numpy (int): Of NumPy's global generator.
    """

    sample: int
    torch: int
    python: int
    numpy: int


def sample_seeds(seed: int, epoch: int, index: int) -> SampleSeeds:
    """Seeds of sample ``index`` in epoch ``epoch``: a pure function of its three arguments."""
    entropy: Union[tuple, np.ndarray] = (seed, epoch, index)
    if max(entropy) <= UINT32_MAX:
        entropy = np.array(entropy, np.uint32)  # the words that NumPy makes of them, but slowly
    words = np.random.SeedSequence(entropy).generate_state(4, np.uint64)
    return SampleSeeds(*(word >> 1 for word in words.tolist()))


def epoch_order(num_samples: int, seed: int, epoch: int) -> list[int]:
    """Random order of ``0 .. num_samples - 1``: a pure function of its three arguments."""
    word = np.random.SeedSequence((seed, epoch)).generate_state(1, np.uint64)[0]
    generator = torch.Generator().manual_seed(int(word) >> 1)
    return torch.randperm(num_samples, generator=generator).tolist()


def seed_iteration(seed: int, iteration: int) -> None:
    """Seed every generator for one iteration of a training, as a function of the arguments alone.

    What an iteration draws then depends neither on the iterations before it, nor on validations,
    nor on where a run was resumed: there is no random state to save.

    Args:
        seed (int): Seed of this process, which may be another one on each rank.
        iteration (int): Number of the iteration, from 0.
    """
    # Another kind of stream than those of samples and orders above.
    sequence = np.random.SeedSequence(seed, spawn_key=(iteration,))
    words = [int(word) for word in sequence.generate_state(3, np.uint64)]
    random.seed(words[0])
    np.random.seed([words[1] & UINT32_MAX, words[1] >> 32])
    torch.manual_seed(words[2] >> 1)  # those of all devices


@contextmanager
def kept_rng() -> Iterator[None]:
    """Put the states of Python's, NumPy's and PyTorch's CPU generators back afterwards.

    Reading and writing the states takes several times as long as :func:`seed_sample`, so it is
    done once for the samples of a batch. Generators of other devices are left alone.
    """
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


def seed_sample(seeds: SampleSeeds) -> None:
    """Seed Python's, NumPy's and PyTorch's CPU generators for one sample."""
    random.seed(seeds.python)
    np.random.seed([seeds.numpy & UINT32_MAX, seeds.numpy >> 32])
    torch.default_generator.manual_seed(seeds.torch)


@contextmanager
def seeded_rng(seeds: SampleSeeds) -> Iterator[None]:
    """Seed the three generators for one sample, and put them back afterwards."""
    with kept_rng():
        seed_sample(seeds)
        yield


def check_seed(seed: int) -> int:
    """Return a seed as an int, or raise ``ValueError`` where it cannot be one."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f'A seed must be a non-negative integer, but got {seed!r}.')
    return int(seed)
