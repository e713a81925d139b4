"""Moments of a training, and which of them a kill is aimed at."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple

WHAT = ('step', 'checkpoint', 'validation')


class Moment(NamedTuple):
    """A line of :class:`mmaddp.MomentsHook`: when, what begins, after how many iterations."""

    seconds: float
    what: str
    iteration: int


@dataclass(frozen=True)
class Aim:
    """When to kill.

    Attributes:
        what (str): 'step', 'checkpoint' or 'validation'.
        iteration (int): The first such moment with this many iterations done, or more.
        delay (float): Seconds to wait after it.
        unfinished (bool): Wait instead for a file that is being written. Defaults to False.
    """

    what: str
    iteration: int
    delay: float
    unfinished: bool = False


def read_moments(file: Path) -> list[Moment]:
    """All moments in a file; a line that is being written does not count."""
    lines = file.read_text().split('\n')[:-1] if file.exists() else []
    parts = (line.split() for line in lines)
    return [Moment(float(seconds), what, int(number)) for seconds, what, number in parts]


def choose_aims(moments: Sequence[Moment], number: int, first: int, random: Random) -> list[Aim]:
    """Choose when to kill a training, one kill after another.

    Each has its own stretch of the training, so that it is reached from the checkpoint before. They
    take turns among steps, checkpoints and validations, as far as the training has them.

    Args:
        moments (Sequence[Moment]): Those of the undisturbed training.
        number (int): How many kills.
        first (int): What the first kill is aimed at, an index into :data:`WHAT`.
        random (Random): Chooses the moment and the delay.

    Returns:
        list[Aim]: In the order of the training.
    """
    aims = []
    for turn in range(number):
        stretch = moments[turn * len(moments) // number : (turn + 1) * len(moments) // number]
        what = WHAT[(first + turn) % len(WHAT)]
        chosen = [moment for moment in stretch if moment.what == what]
        chosen = chosen or [moment for moment in moments if moment.what == what]
        chosen = chosen or [moment for moment in stretch if moment.what == 'step'] or [*stretch]
        moment = random.choice(chosen)
        delay = random.uniform(0, _duration(moments, moment))
        unfinished = moment.what == 'checkpoint' and random.random() < 0.7
        aims.append(Aim(moment.what, moment.iteration, delay, unfinished))
    return sorted(aims, key=lambda aim: aim.iteration)


def _duration(moments: Sequence[Moment], moment: Moment) -> float:
    """Seconds until the next one."""
    place = moments.index(moment)
    after = moments[place + 1 : place + 2]
    return after[0].seconds - moment.seconds if after else 0.01
