"""The processor: its name, its instructions, and how much of it this process may use."""

import math
import os
import platform
import re
from pathlib import Path
from typing import Optional

# Instruction sets that decide how fast matrices are multiplied.
INSTRUCTIONS = ('avx2', 'avx512f', 'avx512_bf16', 'avx512_fp16', 'amx_bf16')


def cpu_name() -> str:
    """Name of the processor."""
    found = re.search(r'model name\s*: (.+)', _cpu_info())
    return found[1].strip() if found else platform.processor() or platform.machine()


def instructions() -> list[str]:
    """Those of ``INSTRUCTIONS`` that the processor has; none where the system does not say."""
    flags = re.search(r'^flags\s*: (.+)', _cpu_info(), re.MULTILINE)
    known = set(flags[1].split()) if flags else set()
    return [name for name in INSTRUCTIONS if name in known]


def allowed_cores() -> int:
    """Cores that the process may run on: those of the machine, or of its set (taskset, Slurm)."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def usable_cores(root: Path = Path('/sys/fs/cgroup')) -> int:
    """The allowed cores, or fewer where a container limits the time on them.

    Args:
        root (Path): Where control groups are mounted. Defaults to Linux's place.
    """
    quota = cpu_quota(root)
    return allowed_cores() if quota is None else min(allowed_cores(), max(1, math.ceil(quota)))


def cpu_quota(root: Path = Path('/sys/fs/cgroup')) -> Optional[float]:
    """Cores' worth of time that control groups grant, None without a limit.

    Args:
        root (Path): Where they are mounted, version 1 or 2. Defaults to Linux's place.
    """
    found = []
    for folder in _group_folders(root):
        words = _read(folder / 'cpu.max').split()  # version 2: "200000 100000" or "max 100000"
        if not words:
            names = ('cpu.cfs_quota_us', 'cpu.cfs_period_us')
            words = [word for name in names for word in _read(folder / name).split()]
        if len(words) == 2 and words[0].isdigit() and int(words[1]):
            found.append(int(words[0]) / int(words[1]))
    return min(found, default=None)


def memory_limit(root: Path = Path('/sys/fs/cgroup')) -> Optional[int]:
    """Bytes of memory that control groups grant, None without a limit.

    Args:
        root (Path): Where they are mounted, version 1 or 2. Defaults to Linux's place.
    """
    names = ('memory.max', 'memory.limit_in_bytes')
    texts = [_read(folder / name).strip() for folder in _group_folders(root) for name in names]
    # Version 1 says "no limit" with a number beyond every machine.
    limits = [int(text) for text in texts if text.isdigit() and int(text) < 2**60]
    return min(limits, default=None)


def _group_folders(root: Path) -> list[Path]:
    """Folders of the group of this process and of those above it, for each controller."""
    found = [root, root / 'cpu', root / 'memory']
    for line in _read(Path('/proc/self/cgroup')).splitlines():
        _, controllers, path = line.split(':', 2)
        base = root / controllers if controllers else root
        parts = Path(path.lstrip('/')).parts
        found += [base.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    return found


def _cpu_info() -> str:
    return _read(Path('/proc/cpuinfo'))


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ''
