"""Times of several variants of one work, taken in turn within one process."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

import torch
from torch.utils.benchmark import timer

from mmaddp.run.benchmark.memory import PeakMemory


@dataclass
class Timing:
    """What was measured of a variant.

    Attributes:
        seconds (list[float]): Of every call, warm-up excluded.
        processor_s (list[float]): Processor time of the same calls, of all threads. Where other
            programs share the cores, it says more than the time that passes.
        peak_gib (float, optional): Highest memory of a call: of the GPU, or of this process. None
            where the system does not say.
    """

    seconds: list[float] = field(default_factory=list)
    processor_s: list[float] = field(default_factory=list)
    peak_gib: Optional[float] = None

    @property
    def median(self) -> float:
        """Median in seconds."""
        return statistics.median(self.seconds)

    def as_dict(self) -> dict[str, Any]:
        """Median, quartiles, extremes and all values, for a JSON file."""
        found = dict(spread(self.seconds), peak_gib=self.peak_gib, all=self.seconds)
        return found | ({'processor': spread(self.processor_s)} if self.processor_s else {})


def spread(values: list[float]) -> dict[str, Any]:
    """Median, quartiles and extremes of some values."""
    low, high = min(values), max(values)
    quartiles = statistics.quantiles(values, n=4) if len(values) > 3 else (low, 0, high)
    middle = statistics.median(values)
    return dict(
        count=len(values), median=middle, q1=quartiles[0], q3=quartiles[2], low=low, high=high
    )


def take_turns(
    variants: Mapping[str, Callable[[], Any]],
    rounds: int,
    warmup: int,
    device: torch.device,
    limit_s: Optional[float] = None,
) -> dict[str, Timing]:
    """Call every variant in every round, in an order that alternates.

    The generators are seeded anew before each call, alike for all variants of a round.

    Args:
        variants (Mapping): Name -> work.
        rounds (int): Timed rounds.
        warmup (int): Rounds before these.
        device (torch.device): Whose memory is measured.
        limit_s (float, optional): Seconds after which no new round begins, one timed round
            excepted. Defaults to None: all rounds.

    Returns:
        dict[str, Timing]: By name, in the order of ``variants``.
    """
    timings = {name: Timing() for name in variants}
    names, started, memory = list(variants), time.monotonic(), PeakMemory(device)
    for index in range(-warmup, rounds):
        if limit_s is not None and index > 0 and time.monotonic() - started > limit_s:
            break
        for name in names if index % 2 == 0 else reversed(names):
            gc.collect()
            torch.manual_seed(index % rounds)
            memory.reset()
            begin, begin_busy = timer(), time.process_time()
            variants[name]()
            end, end_busy = timer(), time.process_time()
            if index >= 0:
                timings[name].seconds.append(end - begin)
                timings[name].processor_s.append(end_busy - begin_busy)
                timings[name].peak_gib = memory.highest(timings[name].peak_gib)
    return timings


def ratios(slower: Timing, faster: Timing) -> dict[str, Any]:
    """Spread of the quotients of two variants, round by round; ``processor`` of their work."""
    busy = [a / b for a, b in zip(slower.processor_s, faster.processor_s)]
    found = spread([a / b for a, b in zip(slower.seconds, faster.seconds)])
    return dict(found, processor=spread(busy))
