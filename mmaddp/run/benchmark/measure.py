"""Runs a benchmark and gathers what was found."""

from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, baddbmm_flop

from mmaddp.run.benchmark.backbones import detection, segmentation
from mmaddp.run.benchmark.clock import Timing, ratios, take_turns
from mmaddp.run.benchmark.generation import generation, tokenizing
from mmaddp.run.benchmark.heap import in_own_heap
from mmaddp.run.benchmark.loading import loading
from mmaddp.run.benchmark.machine import describe, matrix_rate
from mmaddp.run.benchmark.models import compile_parts
from mmaddp.run.benchmark.parts import seconds_of_parts
from mmaddp.run.benchmark.settings import Settings
from mmaddp.run.benchmark.start_up import start_up
from mmaddp.run.benchmark.training import fine_tuning, pretraining
from mmaddp.run.benchmark.work import OURS, Work
from mmaddp.utils.precision import PRECISIONS

WORKS: dict[str, Callable[[Settings], Work]] = {
    'pretrain': pretraining,
    'finetune': fine_tuning,
    'detect': detection,
    'segment': segmentation,
    'generate': generation,
    'tokenize': tokenizing,
    'load-data': loading,
}
START_UP = 'start-up'
# Of tiles of attention; PyTorch counts the product that is not in place.
FLOPS_IN_PLACE = {torch.ops.aten.baddbmm_: lambda *shapes, **_: baddbmm_flop(*shapes)}
# Work without networks, whose operations nobody counts.
UNCOUNTED = ('load-data', START_UP)


def measure(name: str, settings: Settings, with_parts: bool = False) -> dict[str, Any]:
    """Run one benchmark.

    Args:
        name (str): A key of :data:`WORKS`, or :data:`START_UP`.
        settings (Settings): What to measure.
        with_parts (bool): Also measure the parts of our variant, in one more call.
            Defaults to False.

    Returns:
        dict: Plain values for a JSON file and for :func:`mmaddp.run.benchmark.table.table`.

    Raises:
        ValueError: The work has no such variant to compare with.
    """
    result: dict[str, Any] = dict(
        benchmark=name, settings=settings.as_dict(), **describe(settings.torch_device)
    )
    if name == START_UP:
        variants = start_up(settings)
        return dict(result, variants=variants, ratios={}, equality=[])
    work = WORKS[name](settings)
    if settings.against and settings.against not in work.variants:
        raise ValueError(f'{name} cannot be compared with {settings.against!r}.')
    result |= measure_work(work, settings, counts=name not in UNCOUNTED)
    if with_parts and work.parts:
        result['parts'] = seconds_of_parts(work.variants[OURS], work.parts)
    return result


def measure_work(work: Work, settings: Settings, counts: bool) -> dict[str, Any]:
    """Compare the variants of a work, then let them take turns.

    Args:
        work (Work): The variants.
        settings (Settings): What to measure.
        counts (bool): Whether to count floating point operations.
    """
    result: dict[str, Any] = dict(items=work.items, unit=work.unit, precision=work.precision)
    # Before anything is compiled, because compilers and counters are in each other's way.
    counted = {key: gflop(run) for key, run in work.variants.items()} if counts else {}
    if settings.compile:
        compile_parts(work.parts)
    result['equality'] = [found.as_dict() for found in work.check()] if work.check else []
    timings = take_turns(
        in_own_heap(work.variants),
        settings.rounds,
        settings.warmup,
        settings.torch_device,
        settings.limit_s,
    )
    result['variants'] = {key: _figures(work, timing) for key, timing in timings.items()}
    result['ratios'] = {
        f'{key} / {OURS}': ratios(timing, timings[OURS])
        for key, timing in timings.items()
        if key != OURS
    }
    if counted:
        result['matrix_gflops'] = add_shares(result['variants'], counted, work, settings)
    return result


def _figures(work: Work, timing: Timing) -> dict[str, Any]:
    return dict(seconds=timing.as_dict(), items_per_second=work.items / timing.median)


def add_shares(
    figures: dict[str, dict], counted: dict[str, float], work: Work, settings: Settings
) -> dict[str, float]:
    """Add operations and the share of the matrix rate to the figures of each variant.

    Returns:
        dict: GFLOP/s at which the device multiplies large matrices, by their type.
    """
    ours = PRECISIONS[work.precision] or torch.float32
    types = {'float32': torch.float32, str(ours).removeprefix('torch.'): ours}
    device = settings.torch_device
    rates = {kind: matrix_rate(device, dtype) / 1e9 for kind, dtype in types.items()}
    for name, found in figures.items():
        rate = list(rates.values())[-1 if name == OURS else 0]
        found['gflop'] = counted[name]
        found['share_of_matrix_rate'] = counted[name] / found['seconds']['median'] / rate
    return rates


def gflop(work: Callable[[], Any]) -> float:
    """Floating point operations of matrix products and convolutions in one call, in 10^9."""
    torch.manual_seed(0)
    with FlopCounterMode(display=False, custom_mapping=FLOPS_IN_PLACE) as counter:
        work()
    return counter.get_total_flops() / 1e9
