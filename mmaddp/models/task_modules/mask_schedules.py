"""How many tokens stay masked after each generation step."""

import importlib
import math
from collections.abc import Callable
from typing import Union

Schedule = Callable[[float], float]
"""Maps progress (0, 1] to the share of the tokens that stays masked, in [0, 1]."""


def cosine(progress: float) -> float:
    """``cos(pi/2 * progress)``: few tokens are fixed early, many late."""
    return math.cos(math.pi / 2 * progress)


def linear(progress: float) -> float:
    """``1 - progress``: the same number of tokens in every step."""
    return 1 - progress


def square(progress: float) -> float:
    """``1 - progress^2``: fixes still fewer tokens early than the cosine."""
    return 1 - progress**2


SCHEDULES: dict[str, Schedule] = dict(cosine=cosine, linear=linear, square=square)


def get_schedule(schedule: Union[str, Schedule]) -> Schedule:
    """Find a schedule.

    Args:
        schedule (str | Schedule): A name of ``SCHEDULES``, ``'package.module:function'``, or the
            function itself.

    Raises:
        ValueError: There is no such schedule, or it gives values outside [0, 1].
    """
    if callable(schedule):
        return _checked(schedule, getattr(schedule, '__qualname__', repr(schedule)))
    if schedule in SCHEDULES:
        return SCHEDULES[schedule]
    module, separator, function = str(schedule).partition(':')
    if not separator:
        raise ValueError(
            f'Unknown mask schedule {schedule!r}; known are {sorted(SCHEDULES)}, and any function '
            "as 'package.module:function'."
        )
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ValueError(f'The mask schedule {schedule!r} cannot be imported: {error}.') from error
    return _checked(found, schedule)


def _checked(schedule: Schedule, name: str) -> Schedule:
    """Refuse a function whose values are not shares."""
    for progress in (0.01, 0.5, 1.0):
        try:
            share = float(schedule(progress))
        except Exception as error:  # a user's function may raise anything
            raise ValueError(f'{name!r} is not a mask schedule: {error}.') from error
        if not -1e-9 <= share <= 1 + 1e-9:  # refuses NaN as well
            raise ValueError(
                f'The mask schedule {name!r} gives {share} at progress {progress}; the share of '
                'the tokens that stays masked lies in [0, 1].'
            )
    return schedule


def num_masked_after(
    step: int, num_steps: int, num_tokens: int, schedule: Schedule, mask_ratio: float = 1.0
) -> int:
    """Tokens that stay masked after a step.

    Computed in Python's float64, as the official implementation does: 256 cos(pi/3) is
    128.00000000000003 there and rounds up to 129. At least one token stays masked, even after the
    last step.

    Args:
        step (int): Step, ``0 .. num_steps - 1``.
        num_steps (int): Steps in all.
        num_tokens (int): Positions L.
        schedule (Schedule): Share that stays masked.
        mask_ratio (float): Share of the positions that was masked at the start. Defaults to 1.

    Returns:
        int: In ``[1, num_tokens]``.
    """
    share = schedule((step + 1) / num_steps)
    most = math.floor(num_tokens * mask_ratio)
    return max(1, min(math.ceil(num_tokens * share * mask_ratio), most))
