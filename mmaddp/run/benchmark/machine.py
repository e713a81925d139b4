"""What a measurement ran on, and how fast that multiplies matrices."""

import datetime
import os
import platform
import re
import statistics
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch.utils.benchmark import timer

from mmaddp.run.doctor import HOSTS
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
INSTRUCTIONS = ('avx2', 'avx512f', 'avx512_bf16', 'amx_bf16')


def describe(device: torch.device) -> dict[str, Any]:
    """Machine, versions and date."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    about = dict(
        cpu=_cpu_name(), cores=cores, threads=torch.get_num_threads(), instructions=_instructions()
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


def _cpu_info() -> str:
    file = Path('/proc/cpuinfo')
    return file.read_text() if file.exists() else ''


def _cpu_name() -> str:
    found = re.search(r'model name\s*: (.+)', _cpu_info())
    return found[1].strip() if found else platform.processor() or platform.machine()


def _instructions() -> list[str]:
    """Instruction sets that decide how fast matrices are multiplied."""
    flags = set(re.findall(r'^flags\s*: (.+)', _cpu_info(), re.MULTILINE)[:1] or [''])
    known = set(' '.join(flags).split())
    return [name for name in INSTRUCTIONS if name in known]
