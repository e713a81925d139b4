"""How much of a training's time may be spent on looking at it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional

import torch


class TimeAllowance:
    """Permits something now and then, as long as its share of the time stays below a limit.

    What it took last time is what it is expected to take; the first time is always permitted.

    Args:
        share (float, optional): Largest share of the time since :meth:`begin`, in (0, 1]. Defaults
            to None, no limit.

    Raises:
        ValueError: The share is not within these limits.
    """

    def __init__(self, share: Optional[float] = None) -> None:
        if share is not None and not 0 < share <= 1:
            raise ValueError(f'max_share must lie in (0, 1], got {share}.')
        self.share = share
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._began = _now()
        self._spent = self._last = 0.0

    def permits(self) -> bool:
        """Whether it may be done once more now."""
        expected = self._spent + self._last
        return self.share is None or expected <= self.share * (_now() - self._began)

    @contextmanager
    def spend(self) -> Iterator[None]:
        """Count what is done inside."""
        started = _now()
        yield
        self._last = _now() - started
        self._spent += self._last

    def __str__(self) -> str:
        share = self._spent / max(_now() - self._began, 1e-9)
        return f'{self._last:.2g} s, {share:.1%} of the time of this training so far'


def _now() -> float:
    """Seconds of a clock, after all that a GPU was asked to do."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.monotonic()
