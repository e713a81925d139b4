"""Data sets inside wrappers (repeated, seeded, concatenated, mixed), as settings and as objects."""

from collections.abc import Iterator, Mapping
from typing import Any


def innermost_settings(dataset: Mapping, where: str = 'dataset') -> Iterator[tuple[str, Any]]:
    """Settings of the data sets that a configuration wraps, in their order.

    Args:
        dataset (Mapping): Settings of a data set, perhaps with ``dataset`` or ``datasets``.
        where (str): Its dotted name. Defaults to 'dataset'.

    Yields:
        tuple[str, Mapping]: Dotted name and settings, not copied.
    """
    if 'dataset' in dataset:
        yield from innermost_settings(dataset['dataset'], f'{where}.dataset')
    elif 'datasets' in dataset:
        for index, child in enumerate(dataset['datasets']):
            yield from innermost_settings(child, f'{where}.datasets.{index}')
    else:
        yield where, dataset


def first_settings(dataset: Mapping) -> Any:
    """Settings of the first data set inside the wrappers."""
    return next(innermost_settings(dataset))[1]


def innermost_datasets(dataset: Any) -> Iterator[Any]:
    """The data sets inside wrappers, in their order."""
    inner = getattr(dataset, 'datasets', None)
    if inner is None and hasattr(dataset, 'dataset'):
        inner = [dataset.dataset]
    if inner is None:
        yield dataset
        return
    for child in inner:
        yield from innermost_datasets(child)
