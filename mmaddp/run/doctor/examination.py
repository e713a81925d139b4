"""Looks at everything; whatever a broken installation raises becomes a line of the report."""

from collections.abc import Callable, Iterable, Iterator

from mmaddp.run.doctor.devices import devices
from mmaddp.run.doctor.finding import Finding
from mmaddp.run.doctor.packages import (
    libraries,
    operators,
    own_package,
    packages_of_hosts,
    remedy_for,
)
from mmaddp.run.doctor.places import data_folders, disks, shared_memory
from mmaddp.run.doctor.threads import threads
from mmaddp.run.doctor.weights import known_files

Part = Callable[[], Iterable[Finding]]


def examine(hash_weights: bool = False) -> Iterator[Finding]:
    """Look at packages, devices, threads, disks, data and weights; nothing asks the network.

    Args:
        hash_weights (bool): Compare the SHA-256 of the known weights that are there, which takes
            seconds for each. Defaults to False.

    Yields:
        Finding: One by one, because some take seconds.
    """
    parts: dict[str, Part] = {
        'mmaddp': own_package,
        'libraries': libraries,
        'packages of OpenMMLab': packages_of_hosts,
        'operators of mmcv': operators,
        'devices': devices,
        'threads': threads,
        'shared memory': shared_memory,
        'disks': disks,
        'data': data_folders,
        'released weights': lambda: known_files(hash_weights),
    }
    for name, part in parts.items():
        yield from _guarded(name, part)


def _guarded(name: str, part: Part) -> Iterator[Finding]:
    """The findings of a part; what it raises is the last one."""
    try:
        yield from part()
    except Exception as error:  # broken packages and odd machines raise anything
        yield Finding(name, f'{type(error).__name__}: {error}', False, remedy_for(error))
