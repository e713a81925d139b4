"""Batches of a data loader from a position on; those before it are not read."""

import itertools
import logging
from collections.abc import Iterator
from typing import Any

from mmengine.logging import print_log
from torch.utils.data import DataLoader, IterableDataset, Sampler

# What a data loader is built from, besides data set and sampler.
_OPTIONS = (
    *('num_workers', 'collate_fn', 'pin_memory', 'timeout', 'worker_init_fn', 'generator'),
    *('multiprocessing_context', 'prefetch_factor'),
)


def batches_from(loader: DataLoader, skip: int = 0, endless: bool = False) -> Iterator[Any]:
    """The batches of a loader, without reading the first ones.

    The sampler goes through their indices, whatever kind of sampler it is. A data set that has no
    indices begins at its start.

    Args:
        loader (DataLoader): The loader.
        skip (int): Batches to leave out. Defaults to 0.
        endless (bool): Whether to go on with the next epoch when one is over. Defaults to False.

    Returns:
        Iterator: Batches. It raises ``ValueError`` if it is endless and the loader holds none.
    """
    if not skip:
        return _epochs(loader, loader, endless)
    if isinstance(loader.dataset, IterableDataset):
        print_log(
            f'{type(loader.dataset).__name__} has no indices: it is read from its start, so that '
            'this run sees other batches than one without a stop.',
            *('current', logging.WARNING),
        )
        stream = _epochs(loader, loader, endless)
        return stream if endless else itertools.islice(stream, len(loader) - skip)
    indices = _Indices(loader, skip, endless)
    kind = dict(batch_sampler=indices)
    if loader.batch_sampler is None:
        kind = dict(sampler=indices, batch_size=None)
    own = {name: getattr(loader, name) for name in _OPTIONS}
    return iter(DataLoader(loader.dataset, **kind, **own))


class _Indices(Sampler):
    """Indices, or batches of them, that a loader would read, without the first ones."""

    def __init__(self, loader: DataLoader, skip: int, endless: bool) -> None:
        self.loader = loader
        self.skip = skip
        self.endless = endless

    def __iter__(self) -> Iterator[Any]:
        sampler = self.loader.batch_sampler
        sampler = self.loader.sampler if sampler is None else sampler
        return itertools.islice(_epochs(self.loader, sampler, self.endless), self.skip, None)


def _epochs(loader: DataLoader, source: Any, endless: bool) -> Iterator[Any]:
    """Go through a source, the loader itself or its sampler, for one epoch or all."""
    for epoch in itertools.count(1):
        empty = True
        for item in source:
            empty = False
            yield item
        if not endless:
            return
        if empty:
            raise ValueError('The data loader of the training holds no batch.')
        set_epoch(loader, epoch)


def set_epoch(loader: DataLoader, epoch: int) -> None:
    """Tell the sampler of a loader which epoch comes next, as mmengine does."""
    sampler: Any = loader.sampler
    if not hasattr(sampler, 'set_epoch'):
        sampler = getattr(loader.batch_sampler, 'sampler', None)
    if hasattr(sampler, 'set_epoch'):
        sampler.set_epoch(epoch)
