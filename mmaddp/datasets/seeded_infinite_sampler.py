"""An endless order of samples that depends on the seed alone."""

import itertools
from collections.abc import Iterator, Sequence, Sized
from typing import Optional

from mmaddp.registry import DATA_SAMPLERS

from .seeded_sampler import SeededSampler
from .seeding import SampleIndex, check_seed, epoch_order


@DATA_SAMPLERS.register_module()
class SeededInfiniteSampler(SeededSampler):
    """:class:`SeededSampler` for trainings that count iterations: one epoch follows another.

    The orders of all epochs make one stream, of which rank r of W takes the places r, r + W,
    r + 2W and so on. No sample is repeated to fill up an epoch, and a batch may reach into the
    next one.

    Args:
        dataset (Sized): The data set.
        shuffle (bool): See :class:`SeededSampler`. Defaults to True.
        seed (int, optional): See :class:`SeededSampler`. Defaults to None.
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, seed: Optional[int] = None) -> None:
        super().__init__(dataset, shuffle, seed)

    def __iter__(self) -> Iterator[SampleIndex]:
        start, self._start = self._start, 0
        self._handed_out = start
        size = len(self.dataset)
        first_epoch, place = divmod(start * self.world_size + self.rank, size)
        for epoch in itertools.count(first_epoch):
            order: Sequence[int] = range(size)
            if self.shuffle:
                order = epoch_order(size, self.seed, epoch)
            while place < size:
                self._handed_out += 1
                yield SampleIndex(order[place], epoch, self.seed)
                place += self.world_size
            place -= size

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: epochs follow from the position in the stream."""

    def state_dict(self, consumed: Optional[int] = None) -> dict:
        """State the position.

        Args:
            consumed (int, optional): Samples that this rank has used since training began. None
                takes those handed out. Defaults to None.

        Returns:
            dict: ``seed``, ``epoch`` and the samples ``consumed`` in it by all ranks, as ints.
        """
        consumed = self._handed_out if consumed is None else consumed
        epoch, rest = divmod(consumed * self.world_size, len(self.dataset))
        return dict(seed=self.seed, epoch=epoch, consumed=rest)

    def load_state_dict(self, state: dict) -> int:
        """Continue at a stated position.

        Args:
            state (dict): What :meth:`state_dict` returned, here or with another number of ranks.

        Returns:
            int: Samples, since training began, that this rank leaves out.

        Raises:
            ValueError: The consumed samples do not divide evenly among the ranks.
        """
        consumed = state['epoch'] * len(self.dataset) + state['consumed']
        self.seed = check_seed(state['seed'])
        self._start = self._handed_out = self.share(consumed)
        return self._start
