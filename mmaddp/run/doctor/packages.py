"""Versions of packages, whether they can be imported, and which family the hosts are of."""

import platform
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Optional

from mmaddp.run.doctor.finding import Finding
from mmaddp.utils.carried import PACKAGE, carried
from mmaddp.version import __version__

FORKS, ORIGINALS = 'forks', 'originals'
# Import name -> distributions that hold it, first that of the forks.
HOSTS = {
    'mmengine': ('onedl-mmengine', 'mmengine'),
    'mmcv': ('onedl-mmcv', 'mmcv', 'mmcv-lite'),
    'mmpretrain': ('onedl-mmpretrain', 'mmpretrain'),
    'mmdet': ('onedl-mmdetection', 'mmdet'),
    'mmseg': ('onedl-mmsegmentation', 'mmsegmentation'),
}
# What pip is asked for where none of them is installed.
WANTED = {
    FORKS: {module: names[0] for module, names in HOSTS.items()},
    ORIGINALS: {
        'mmengine': 'mmengine==0.10.7',
        'mmcv': 'mmcv-lite==2.1.0',
        'mmpretrain': 'mmpretrain==1.2.0',
        'mmdet': 'mmdet==3.3.0',
        'mmseg': 'mmsegmentation==1.2.2',
    },
}
# Needed by one task only.
FOR_A_TASK = {'mmdet': 'detection', 'mmseg': 'segmentation'}
# Distribution -> import name.
LIBRARIES = {
    'torch': 'torch',
    'torchvision': 'torchvision',
    'numpy': 'numpy',
    'pillow': 'PIL',
    'opencv-python-headless': 'cv2',
    'torch-fidelity': '',
    'timm': '',
    'pycocotools': '',
}
OLDEST_TORCH = (2, 6)
_HEADLESS = 'pip install --force-reinstall --no-deps opencv-python-headless'
# What an error of an import says -> what mends it.
KNOWN_ERRORS = (
    (r'libGL\.so|libgthread|cv2', _HEADLESS),
    (r'pkg_resources', "pip install 'setuptools<81'"),
    (r'MMCV==.*incompatible', 'pip install mmcv-lite==2.1.0'),
    (r'operator torchvision::|torchvision', 'pip install --force-reinstall torch torchvision'),
    (r'numpy\.(core|dtype|ufunc)|_ARRAY_API|NumPy', "pip install 'numpy<2.3'"),
    (r'lib(cu|nv|nccl|torch)\w*\.so|undefined symbol', 'pip install --force-reinstall torch'),
    (r"No module named '([\w-]+)", r'pip install \1'),
)


def own_package() -> Iterator[Finding]:
    """Mmaddp itself, with the configs and tools that it carries, and its Python."""
    yield Finding('mmaddp', f'{__version__} in {PACKAGE}')
    kind = 'environment' if sys.prefix != sys.base_prefix else 'no environment'
    said = f'{platform.python_version()}, {kind} {sys.prefix}, {platform.platform()}'
    yield Finding('python', said)
    for folder in ('configs', 'tools'):
        there = carried(folder).is_dir()
        again = '' if there else 'pip install --force-reinstall --no-deps mmaddp'
        yield Finding(folder, str(carried(folder)) if there else 'missing', there, again)


def libraries() -> Iterator[Finding]:
    """Versions of what mmaddp and its hosts stand on; the first five are imported too."""
    for name, module in LIBRARIES.items():
        found = version_of(name)
        error = _import_error(module) if module else None
        if error is not None:
            missing = isinstance(error, ModuleNotFoundError) and error.name == module
            said = 'missing' if missing else f'{found or ""} {_said(error)}'.strip()
            remedy = f'pip install {name}' if missing else remedy_for(error)
            yield Finding(name, said, False, remedy)
        elif found is None and not module:
            yield Finding(name, 'missing', False, f'pip install {name}')
        elif name == 'torch' and _numbers(found) < OLDEST_TORCH:
            yield Finding(name, f'{found}: too old', False, "pip install 'torch>=2.6' torchvision")
        else:
            yield Finding(name, found or 'there, of another distribution')


def packages_of_hosts() -> Iterator[Finding]:
    """Versions of the hosts, whether each can be imported, and their family."""
    installed = {
        module: [name for name in names if version_of(name)] for module, names in HOSTS.items()
    }
    families = sorted({_family(name) for names in installed.values() for name in names})
    family = ORIGINALS if families == [ORIGINALS] else FORKS
    for module, names in installed.items():
        yield _host(module, names, WANTED[family][module])
    remedy = ''
    if len(families) > 1:
        others = [name for names in installed.values() for name in names if _family(name) != FORKS]
        remedy = f'pip uninstall {" ".join(others)}, then pip install {" ".join(_all_forks())}'
    elif not families:
        remedy = f'pip install {" ".join(_all_forks())}'
    yield Finding('family of the hosts', ' and '.join(families) or 'none', not remedy, remedy)


def operators() -> Iterator[Finding]:
    """Whether mmcv's operators are compiled ones."""
    try:
        found = import_module('mmcv._ext')
    except Exception as error:
        yield Finding('operators of mmcv', _said(error), False, remedy_for(error))
        return
    stand_in = type(found).__name__ == 'StandInOps'
    said = 'not compiled: NMS and RoIAlign come from torchvision' if stand_in else 'compiled'
    yield Finding('operators of mmcv', said)


def version_of(distribution: str) -> Optional[str]:
    """Version of an installed distribution, None if there is none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def remedy_for(error: Exception) -> str:
    """Command that mends an import which fails."""
    for pattern, remedy in KNOWN_ERRORS:
        found = re.search(pattern, str(error))
        if found:
            return found.expand(remedy) if found.groups() and found[1] else remedy
    return 'bash tools/setup/setup_env.sh, in a clone, makes an environment that was tested'


def _host(module: str, installed: list[str], wanted: str) -> Finding:
    if not installed and module in FOR_A_TASK:
        return Finding(module, f'missing; only {FOR_A_TASK[module]} needs it: pip install {wanted}')
    label = ', '.join(f'{name} {version_of(name)}' for name in installed) or 'missing'
    error = _import_error(module)
    if not installed:
        return Finding(module, label, False, f'pip install {wanted}')
    if error is not None:
        again = f'pip install --force-reinstall --no-deps {installed[0]}'
        known = any(re.search(pattern, str(error)) for pattern, _ in KNOWN_ERRORS)
        remedy = remedy_for(error) if known else again
        return Finding(module, f'{label}: {_said(error)}', False, remedy)
    if len(installed) > 1:
        remedy = f'pip uninstall {" ".join(installed)}, then pip install {wanted}'
        return Finding(module, label, False, remedy)
    return Finding(module, label)


def _import_error(module: str) -> Optional[Exception]:
    try:
        import_module(module)
    except Exception as error:  # a package that is broken raises anything
        return error
    return None


def _said(error: Exception) -> str:
    """An error in one line."""
    lines = str(error).strip().splitlines()
    return f'{type(error).__name__}: {lines[0] if lines else ""}'


def _family(distribution: str) -> str:
    return FORKS if distribution.startswith('onedl') else ORIGINALS


def _all_forks() -> list[str]:
    return list(WANTED[FORKS].values())


def _numbers(found: Optional[str]) -> tuple[int, ...]:
    """Leading numbers of a version; a development version counts as new."""
    numbers = re.findall(r'\d+', found or '')[:2]
    return tuple(map(int, numbers)) or OLDEST_TORCH
