"""Checks of tensors by name."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor


def tensor_problems(where: str, tensors: Mapping[str, Any]) -> Iterator[str]:
    """Say which entries are no dense tensors of real numbers.

    Yields:
        str: A problem.
    """
    for key, value in tensors.items():
        if not torch.is_tensor(value):
            yield f'{where}.{key} is no tensor but a {type(value).__name__}'
        elif value.layout is not torch.strided or value.is_complex() or value.is_meta:
            yield f'{where}.{key} is no dense tensor of real numbers'


def not_finite(tensors: Mapping[str, Any]) -> list[str]:
    """Names of the tensors that hold NaN; infinite values may be masks."""
    return [
        key
        for key, value in tensors.items()
        if isinstance(value, Tensor)
        and value.layout is torch.strided
        and value.is_floating_point()
        and not value.is_meta
        and bool(value.isnan().any())
    ]


def shapes(tensors: Mapping[str, Any]) -> dict[str, torch.Size]:
    """Shapes of the tensors by name; other entries are left out."""
    return {key: value.shape for key, value in tensors.items() if torch.is_tensor(value)}
