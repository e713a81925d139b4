"""Values of arguments, checked where they are typed, in the same way by every tool."""

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Optional

# Numbers of images that a folder can hold with names that sort.
MOST_IMAGES = 10_000_000


def whole(low: int, high: Optional[int] = None) -> Callable[[str], int]:
    """Type of a whole number within limits, both included."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f'must be a whole number, got {text}') from None
        return _within(value, low, high)

    return read


def real(low: float, high: Optional[float] = None) -> Callable[[str], float]:
    """Type of a finite number within limits, both included."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f'must be a number, got {text}') from None
        if not math.isfinite(value):
            raise argparse.ArgumentTypeError(f'must be a finite number, got {text}')
        return _within(value, low, high)

    return read


def _within(value, low, high):
    if value < low and high is None:
        raise argparse.ArgumentTypeError(f'must be at least {low}, got {value}')
    if value < low or (high is not None and value > high):
        raise argparse.ArgumentTypeError(f'must be from {low} to {high}, got {value}')
    return value


positive = whole(1)
not_negative = whole(0)
# What both NumPy's and PyTorch's generators accept.
seed = whole(0, 2**32 - 1)
num_images = whole(1, MOST_IMAGES)
share = real(0, 1)


def seconds(text: str) -> float:
    """Read a time, as in 90s, 10m, 2h or 1.5h."""
    unit = dict(s=1, m=60, h=3600).get(text[-1:])
    try:
        value = float(text[:-1]) * unit
    except (ValueError, TypeError):
        raise argparse.ArgumentTypeError(f'takes a time, as in 10m or 2h, got {text}') from None
    if not math.isfinite(value) or value <= 0:
        raise argparse.ArgumentTypeError(f'must be more than no time, got {text}')
    return value


def image_numbers(text: str) -> range:
    """Read '7' or '100-163', both ends included."""
    first, separator, last = text.partition('-')
    if not first.isdecimal() or (separator and not last.isdecimal()):
        raise argparse.ArgumentTypeError(
            f'takes image numbers, as in 7 or 100-163 with both ends, got {text}'
        )
    numbers = range(int(first), int(last or first) + 1)
    if not numbers:
        raise argparse.ArgumentTypeError(f'{text} ends before it begins: write {last}-{first}')
    if numbers[-1] >= MOST_IMAGES:
        raise argparse.ArgumentTypeError(
            f'takes image numbers below {MOST_IMAGES}, got {numbers[-1]}'
        )
    return numbers


def path(text: str) -> Path:
    """A path, with a leading ``~`` expanded to the home folder."""
    return Path(text).expanduser()


def address(text: str) -> str:
    """A file or an address such as ``mmaddp://NAME``, as text."""
    return os.path.expanduser(text)
