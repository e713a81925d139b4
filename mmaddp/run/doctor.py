"""What an installation consists of, and what it lacks."""

import os
import platform
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple, Optional

from mmaddp.utils.carried import PACKAGE, carried
from mmaddp.version import __version__
from mmaddp.weights.known_weights import FOLDERS, KNOWN_WEIGHTS, find_known

# Import name -> distributions that hold it, first that of the forks.
HOSTS = {
    'mmengine': ('onedl-mmengine', 'mmengine'),
    'mmcv': ('onedl-mmcv', 'mmcv', 'mmcv-lite'),
    'mmpretrain': ('onedl-mmpretrain', 'mmpretrain'),
    'mmdet': ('onedl-mmdetection', 'mmdet'),
    'mmseg': ('onedl-mmsegmentation', 'mmsegmentation'),
}
# Needed by one task only.
FOR_A_TASK = {'mmdet': 'detection', 'mmseg': 'segmentation'}
LIBRARIES = ('torch', 'torchvision', 'numpy', 'torch-fidelity', 'timm', 'pycocotools')


class Finding(NamedTuple):
    """One line of the report.

    Attributes:
        name (str): What was looked at.
        value (str): What was found.
        is_sound (bool): Whether work is possible with it. Defaults to True.
    """

    name: str
    value: str
    is_sound: bool = True


def examine() -> Iterator[Finding]:
    """Look at packages, devices, operators and weights.

    Yields:
        Finding: One by one, because some take seconds.
    """
    yield Finding('mmaddp', f'{__version__} in {PACKAGE}')
    yield Finding('python', f'{platform.python_version()}, {platform.platform()}')
    for folder in ('configs', 'tools'):
        there = carried(folder).is_dir()
        yield Finding(folder, str(carried(folder)) if there else 'missing: install again', there)
    for name in LIBRARIES:
        found = _version(name)
        yield Finding(name, found or 'missing', found is not None)
    yield from _hosts()
    yield from _devices()
    yield _operators()
    here = [name for name in KNOWN_WEIGHTS if find_known(name)]
    nowhere = f'none in {", ".join(FOLDERS)} of {Path.cwd()}'
    yield Finding('released weights here', ', '.join(here) or nowhere)


def _version(distribution: str) -> Optional[str]:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _hosts() -> Iterator[Finding]:
    """Versions of the hosts, and whether each can be imported."""
    families = set()
    for module, names in HOSTS.items():
        installed = [name for name in names if _version(name)]
        if not installed and module in FOR_A_TASK:
            yield Finding(module, f'missing; only {FOR_A_TASK[module]} needs it')
            continue
        families |= {'forks' if name.startswith('onedl') else 'originals' for name in installed}
        label = ', '.join(f'{name} {_version(name)}' for name in installed) or 'missing'
        try:
            import_module(module)
        except Exception as error:  # a package that is broken raises anything
            yield Finding(module, f'{label}: {type(error).__name__}: {error}', False)
        else:
            yield Finding(module, label, len(installed) == 1)
    family = ' and '.join(sorted(families)) or 'none'
    yield Finding('family of the hosts', family, len(families) == 1)


def _devices() -> Iterator[Finding]:
    try:
        import torch
    except Exception as error:  # among others a library of the system that is missing
        yield Finding('device', f'{type(error).__name__}: {error}', False)
        return
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    yield Finding('GPUs', ', '.join(names) or 'none: everything runs on the CPU')
    yield Finding('CPU', f'{cores} cores, {torch.get_num_threads()} threads of torch')


def _operators() -> Finding:
    """Whether mmcv's operators are compiled ones."""
    try:
        found = import_module('mmcv._ext')
    except Exception as error:
        return Finding('operators of mmcv', f'{type(error).__name__}: {error}', False)
    if type(found).__name__ == 'StandInOps':
        return Finding('operators of mmcv', 'not compiled: NMS and RoIAlign come from torchvision')
    return Finding('operators of mmcv', 'compiled')
