"""Everything that is worth knowing of a device, in one file and in little time."""

import gc
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from mmaddp.run.benchmark import golden
from mmaddp.run.benchmark.machine import describe, rates
from mmaddp.run.benchmark.measure import measure
from mmaddp.run.benchmark.settings import Settings
from mmaddp.utils.atomic import write_json

# Seconds of a whole suite.
BUDGET = 520


@dataclass(frozen=True)
class Part:
    """One measurement of a suite.

    Attributes:
        name (str): Unique in the suite.
        run (Callable): Takes the settings, returns values for a JSON file.
        settings (Settings): What is measured.
        limit_s (float): Seconds after which it is broken off. Defaults to 40.
    """

    name: str
    run: Callable[[Settings], Any] = field(repr=False)
    settings: Settings
    limit_s: float = 40


def benchmark(work: str) -> Callable[[Settings], Any]:
    """A part that runs one benchmark."""
    return lambda settings: measure(work, settings)


def golden_check(name: str) -> Callable[[Settings], Any]:
    """A part that compares with recorded values."""
    return lambda settings: [found.as_dict() for found in golden.check(name, settings)]


def run_suite(parts: list[Part], out: Path, budget_s: float = BUDGET) -> dict[str, Any]:
    """Run parts one after another; what was found is on the disk after each of them.

    A part that fails or takes too long leaves its error in the file, and one for which no time is
    left says so. Where memory does not suffice, it is tried again with half the batch.

    Args:
        parts (list[Part]): Most important ones first.
        out (Path): JSON file.
        budget_s (float): Seconds after which no part begins. Defaults to :data:`BUDGET`.

    Returns:
        dict: What the file holds.
    """
    device = parts[0].settings.torch_device
    started = time.monotonic()
    result: dict[str, Any] = dict(describe(device), matrix_gflops=rates(device), parts={})
    for part in parts:
        begun = time.monotonic()
        left = budget_s - (begun - started)
        if left <= 0:
            found: dict[str, Any] = dict(skipped='no time was left')
        else:
            found = run_part(part, min(left, part.limit_s))
        found['took_s'] = round(time.monotonic() - begun, 1)
        result['parts'][part.name] = found
        result['took_s'] = round(time.monotonic() - started, 1)
        write_json(out, result)
        print(f'{result["took_s"]:6.1f} s  {part.name}: {headline(found)}', flush=True)
    return result


def run_part(part: Part, limit_s: float) -> dict[str, Any]:
    """Run one part; its error becomes its result."""
    settings = replace(part.settings, limit_s=limit_s / 2)
    while True:
        try:
            with time_limit(limit_s):
                return dict(result=part.run(settings))
        except torch.OutOfMemoryError as error:
            if settings.batch == 1:
                return dict(error=str(error).splitlines()[0])
            settings = replace(settings, batch=settings.batch // 2)
        except Exception as error:  # whatever it is, the other parts are worth having
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f'{Path(where.filename).name}, line {where.lineno}'
            return dict(error=f'{type(error).__name__}: {error} ({place})'[:500])
        finally:
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the main thread when the time is over, between two operations."""

    def stop(number: int, frame: Any) -> None:
        raise TimeoutError(f'it took more than {seconds:.0f} s')

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def failures(result: dict[str, Any]) -> list[str]:
    """Names of the parts that failed or found a result that is not as it should be."""
    return [
        name
        for name, found in result['parts'].items()
        if 'error' in found or 'NOT' in headline(found)
    ]


def headline(found: dict[str, Any]) -> str:
    """One line on the result of a part."""
    for key in ('error', 'skipped'):
        if key in found:
            return f'{key}: {found[key]}'
    result = found['result']
    if isinstance(result, list):
        return 'as recorded' if all(each['holds'] for each in result) else 'NOT as recorded'
    ours = next(iter(result['variants'].values()))
    line = f'{ours["seconds"]["median"]:.4f} s'
    if 'items_per_second' in ours:
        line += f', {ours["items_per_second"]:,.1f} {result["unit"]}/s'
    for name, ratio in result['ratios'].items():
        line += f', {name} {ratio["median"]:.2f}'
    return line if all(each['holds'] for each in result['equality']) else f'{line}, NOT equal'
