"""Kinds of plain values that a checkpoint holds besides its tensors."""

import math
import reprlib
from collections.abc import Mapping
from typing import Any

import torch


def is_number(value: Any) -> bool:
    """Whether this is a finite number; True and False do not count."""
    # A whole number beyond the range of floats does not count either.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 2**63


def is_count(value: Any, largest: int) -> bool:
    """Whether this is a whole number from 0 to ``largest``."""
    return is_number(value) and isinstance(value, int) and 0 <= value <= largest


def is_text_mapping(value: Any) -> bool:
    """Whether this is a dict whose keys are strings."""
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def is_dense(value: Any) -> bool:
    """Whether this is a tensor of real numbers that really stores all of its elements."""
    if not torch.is_tensor(value) or value.layout is not torch.strided:
        return False
    return not (value.is_complex() or value.is_meta or value.is_quantized)


def fits(value: Any, own: Any) -> bool:
    """Whether a value can take the place of ``own`` in one of our runs.

    Numbers may differ, but must be finite; strings must be equal; lists must have the same length;
    dicts must map numbers to numbers or match key by key.
    """
    if own is None or isinstance(own, bool):
        return value is None or isinstance(value, bool) or (own is None and is_number(value))
    if isinstance(own, int | float):
        return is_number(value) or _is_scalar_tensor(value) or _same_infinity(value, own)
    if isinstance(own, str):
        return isinstance(value, str) and value == own
    if isinstance(own, list | tuple):
        same_length = isinstance(value, list | tuple) and len(value) == len(own)
        return same_length and all(map(fits, value, own))
    if isinstance(own, Mapping) and isinstance(value, Mapping):
        return all(
            fits(part, own[key]) if key in own else is_number(key) and is_number(part)
            for key, part in value.items()
        )
    if torch.is_tensor(own):
        return is_number(value) or _is_scalar_tensor(value)
    return False


def _same_infinity(value: Any, own: float) -> bool:
    return isinstance(value, float) and value == own


def _is_scalar_tensor(value: Any) -> bool:
    return is_dense(value) and value.numel() == 1 and bool(value.isfinite())


def shown(value: Any) -> str:
    """A value for a message, shortened."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python refuses to print a number with thousands of digits.
        return f'a {type(value).__name__} of {value.bit_length()} bits'
