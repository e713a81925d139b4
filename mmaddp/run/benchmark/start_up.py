"""Benchmark of what passes before a tool does anything: imports, help, the first step."""

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from mmaddp.run.benchmark.clock import Timing
from mmaddp.run.benchmark.memory import peak_gib
from mmaddp.run.benchmark.settings import Settings
from mmaddp.utils.carried import PACKAGE, carried

PAUSE_S = 0.005
HOSTS = 'mmengine, mmcv, mmpretrain, mmdet, mmseg'


def commands(config: str) -> dict[str, list[str]]:
    """What is started, by name."""
    train = str(carried('tools') / 'train.py')
    return {
        'python': ['-c', 'pass'],
        'import torch': ['-c', 'import torch'],
        'import mmaddp': ['-c', 'import mmaddp'],
        'import mmaddp.apis': ['-c', 'import mmaddp.apis'],
        'import the hosts': ['-c', f'import mmaddp, {HOSTS}'],
        'train.py --help': [train, '--help'],
        'train.py --dry-run': [train, config, '--dry-run'],
    }


def start_up(settings: Settings) -> dict[str, dict[str, Any]]:
    """Start every command in turn, each in a process of its own.

    Returns:
        dict: Per command ``seconds``, as in other benchmarks; ``peak_gib`` is that of the process.

    Raises:
        ValueError: A command fails.
    """
    timings = {name: Timing() for name in commands(settings.config)}
    for index in range(-settings.warmup, settings.rounds):
        for name, words in commands(settings.config).items():
            seconds, peak = _run(words)
            if index >= 0:
                timings[name].seconds.append(seconds)
                timings[name].peak_gib = max(peak, timings[name].peak_gib or 0.0)
    return {name: dict(seconds=timing.as_dict()) for name, timing in timings.items()}


def _run(words: list[str]) -> tuple[float, float]:
    """Seconds, to 5 ms, and peak memory in GiB of one process; 0 where nothing tells it.

    The system's own record of the peak begins with that of the process that starts another.
    """
    paths = [str(PACKAGE.parent), os.environ.get('PYTHONPATH', '')]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, paths)))
    peak = 0.0
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, '-W', 'ignore', *words],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        while process.poll() is None:
            peak = max(peak, peak_gib(process.pid) or 0.0)
            time.sleep(PAUSE_S)
        seconds = time.perf_counter() - begin
        if process.returncode:
            output.seek(0)
            last = output.read().decode(errors='replace').strip().splitlines()[-1:]
            raise ValueError(f'{" ".join(words)} ends with {process.returncode}: {"".join(last)}')
    return seconds, peak
