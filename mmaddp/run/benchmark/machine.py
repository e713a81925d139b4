"""What a measurement ran on, and how fast that multiplies matrices."""

import datetime
import platform
import statistics
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from torch.utils.benchmark import timer

from mmaddp.run.doctor import HOSTS
from mmaddp.utils.processor import allowed_cores, cpu_name, instructions
from mmaddp.version import __version__

# Whose speed or results enter; hosts under either name.
PACKAGES = (
    'torch',
    'torchvision',
    'numpy',
    'pillow',
    'timm',
    *(n for v in HOSTS.values() for n in v),
)
# Sides of the matrices, and products per measurement.
SIDES = dict(cpu=2048, cuda=8192)
PRODUCTS, REPEATS = dict(cpu=1, cuda=20), 5


def describe(device: torch.device) -> dict[str, Any]:
    """Machine, versions and date."""
    about = dict(
        cpu=cpu_name(),
        cores=allowed_cores(),
        threads=torch.get_num_threads(),
        instructions=instructions(),
    )
    if device.type == 'cuda':
        about['gpu'] = torch.cuda.get_device_name(device)
        about['cuda'] = torch.version.cuda
    return dict(
        date=datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d %H:%M UTC'),
        machine=about,
        versions=dict(mmaddp=__version__, python=platform.python_version(), **_versions()),
    )


@cache
def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Rate in FLOP/s at which the device multiplies large square matrices; measured once."""
    side, products = SIDES.get(device.type, 2048), PRODUCTS.get(device.type, 1)
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(1 + REPEATS):
        begin = timer()
        for _ in range(products):
            a @ b
        seconds.append(timer() - begin)
    return 2 * side**3 * products / statistics.median(seconds[1:])


def rates(device: torch.device) -> dict[str, float]:
    """GFLOP/s of matrix products in the types that networks run in."""
    kinds = ('float32', 'bfloat16', *(['float16'] if device.type == 'cuda' else []))
    return {kind: matrix_rate(device, getattr(torch, kind)) / 1e9 for kind in kinds}


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
