"""How many tokens stay masked after each generation step."""

import math
from collections.abc import Callable

Schedule = Callable[[float], float]
"""Maps progress (0, 1] to the share of the tokens that stays masked."""


def cosine(progress: float) -> float:
    """``cos(pi/2 * progress)``: few tokens are fixed early, many late."""
    return math.cos(math.pi / 2 * progress)


def linear(progress: float) -> float:
    """``1 - progress``: the same number of tokens in every step."""
    return 1 - progress


SCHEDULES: dict[str, Schedule] = dict(cosine=cosine, linear=linear)


def get_schedule(name: str) -> Schedule:
    """Look up a schedule by name.

    Raises:
        ValueError: If there is none of that name.
    """
    if name not in SCHEDULES:
        raise ValueError(f'Unknown mask schedule {name!r}; known are {sorted(SCHEDULES)}.')
    return SCHEDULES[name]


def num_masked_after(step: int, num_steps: int, num_tokens: int, schedule: Schedule) -> int:
    """Tokens that stay masked after a step.

    Computed in Python's float64, as the official implementation does: 256 cos(pi/3) is
    128.00000000000003 there and rounds up to 129. At least one token stays masked, also after the
    last step.

    Args:
        step (int): Step, ``0 .. num_steps - 1``.
        num_steps (int): Steps in all.
        num_tokens (int): Positions L.
        schedule (Schedule): Share that stays masked.

    Returns:
        int: In ``[1, num_tokens]``.
    """
    share = schedule((step + 1) / num_steps)
    return max(1, min(math.ceil(num_tokens * share), num_tokens))
