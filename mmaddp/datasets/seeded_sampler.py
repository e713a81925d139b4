"""An order of samples that depends on seed and epoch alone."""

import itertools
import math
from collections.abc import Iterator, Sequence, Sized
from typing import Optional

import torch
from mmengine.dataset import DefaultSampler
from mmengine.dist import broadcast_object_list

from mmaddp.registry import DATA_SAMPLERS

from .seeding import SampleIndex, check_seed, epoch_order


@DATA_SAMPLERS.register_module()
class SeededSampler(DefaultSampler):
    """mmengine's sampler, its order a function of (seed, epoch), its position to be restored.

    One global order is fixed per epoch; rank r of W takes its places r, r + W, r + 2W and so on.
    The first b samples of all ranks together are therefore the first b W samples of the order
    whatever W is. The first samples are repeated until all ranks have equally many. It yields
    :class:`SampleIndex`, so that ``mmaddp.SeededDataset`` knows epoch and seed.

    The position that :meth:`state_dict` states by itself counts the samples handed out, which
    runs ahead of training when workers prefetch. A caller that knows better passes what training
    has consumed, ``iterations in this epoch x batch size per rank``.

    Args:
        dataset (Sized): The data set.
        shuffle (bool): Use a random order instead of 0, 1, 2, ... Defaults to True.
        seed (int, optional): Non-negative seed, the same on all ranks. None takes the seed that
            PyTorch's CPU generator got on rank 0, which is the Runner's, also where the Runner
            gives every rank another one (``diff_rank_seed=True``). Defaults to None.
        epoch_length (int, optional): Samples of an epoch, for large data sets: checkpoints,
            validations and schedules that count epochs then come more often. Successive epochs go
            on in the order, so every sample comes once in each pass through the data set. Defaults
            to None, all samples.

    Raises:
        ValueError: The data set is empty, the seed is not a non-negative integer, or
            ``epoch_length`` is below 1.
    """

    def __init__(
        self,
        dataset: Sized,
        shuffle: bool = True,
        seed: Optional[int] = None,
        epoch_length: Optional[int] = None,
    ) -> None:
        seed = check_seed(_common_seed() if seed is None else seed)
        super().__init__(dataset, shuffle=shuffle, seed=seed)
        self._start = 0  # samples of this rank to leave out of the next iteration
        self._handed_out = 0
        if len(dataset) == 0:
            raise ValueError('SeededSampler got an empty data set.')
        self.epoch_length = len(dataset) if epoch_length is None else epoch_length
        if self.epoch_length < 1:
            raise ValueError(f'epoch_length must be at least 1, got {epoch_length}.')
        self.num_samples = math.ceil(self.epoch_length / self.world_size)
        self.total_size = self.num_samples * self.world_size

    def __iter__(self) -> Iterator[SampleIndex]:
        epoch = self.epoch
        order = itertools.islice(self._order(epoch * self.epoch_length), self.epoch_length)
        whole = itertools.islice(itertools.cycle(order), self.total_size)
        indices = itertools.islice(whole, self.rank, None, self.world_size)
        start, self._start = self._start, 0
        self._handed_out = start
        for index in itertools.islice(indices, start, None):
            self._handed_out += 1
            yield SampleIndex(index, epoch, self.seed)

    def _order(self, start: int) -> Iterator[int]:
        """Samples from a place on, pass after pass through the data set."""
        first, place = divmod(start, len(self.dataset))
        for number in itertools.count(first):
            order: Sequence[int] = range(len(self.dataset))
            if self.shuffle:
                order = epoch_order(len(order), self.seed, number)
            yield from itertools.islice(order, place, None)
            place = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch of the next iteration; a restored position holds for its epoch only."""
        if epoch != self.epoch:
            self._start = 0
            self._handed_out = 0
        self.epoch = epoch

    def state_dict(self, consumed: Optional[int] = None) -> dict:
        """State the position.

        Args:
            consumed (int, optional): Samples of this epoch that this rank has really used. None
                takes those handed out, which is right without prefetching only. Defaults to None.

        Returns:
            dict: ``seed``, ``epoch`` and ``consumed``, the last one summed over all ranks, as
            ints. It is the same on all ranks and valid for any number of them.
        """
        consumed = self._handed_out if consumed is None else consumed
        if not 0 <= consumed <= len(self):
            raise ValueError(
                f'consumed={consumed} is not within the {len(self)} samples of a rank and epoch.'
            )
        return dict(seed=self.seed, epoch=self.epoch, consumed=consumed * self.world_size)

    def load_state_dict(self, state: dict) -> int:
        """Continue at a stated position: its seed and epoch, behind the consumed samples.

        Args:
            state (dict): What :meth:`state_dict` returned, here or with another number of ranks.

        Returns:
            int: Samples of this epoch that this rank leaves out.

        Raises:
            ValueError: The consumed samples do not divide evenly among the ranks, or are more
                than an epoch holds.
        """
        start = self.share(state['consumed'])
        if start > len(self):
            raise ValueError(self._misfit(state['consumed']))
        self.seed = check_seed(state['seed'])
        self.epoch = state['epoch']
        self._start = self._handed_out = start
        return start

    def share(self, consumed: int) -> int:
        """Samples of one rank, of so many that all ranks have used.

        Raises:
            ValueError: They do not divide evenly among the ranks.
        """
        start, rest = divmod(consumed, self.world_size)
        if rest:
            raise ValueError(self._misfit(consumed))
        return start

    def _misfit(self, consumed: int) -> str:
        return (
            f'A position of {consumed} consumed samples does not fit {self.world_size} ranks and '
            f'{self.epoch_length} samples. Resume with a number of ranks that divides it, and with '
            'the same data set.'
        )


def _common_seed() -> int:
    """The seed of PyTorch's CPU generator on rank 0; what was drawn since does not matter."""
    seeds = [torch.initial_seed()]
    broadcast_object_list(seeds)
    return seeds[0]
