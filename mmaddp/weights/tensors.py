"""Checks of named tensors."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from mmaddp.weights.plain_kinds import is_dense


def tensor_problems(where: str, tensors: Mapping[str, Any]) -> Iterator[str]:
    """Say which entries are not dense tensors of real numbers.

    Yields:
        str: A problem.
    """
    for key, value in tensors.items():
        if not torch.is_tensor(value):
            yield f'{where}.{key} is not a tensor but a {type(value).__name__}'
        elif not is_dense(value):
            yield f'{where}.{key} is not a dense tensor of real numbers'


def check_tensors(tensors: Mapping, source: str) -> None:
    """Refuse weights that are not dense tensors with names.

    Raises:
        ValueError: The first problems, with the file.
    """
    names = [str(key) for key in tensors if not isinstance(key, str)]
    problems = [f'{", ".join(names[:5])} is not a name'] if names else []
    problems += [] if names else list(tensor_problems('weights', tensors))
    if problems:
        raise ValueError(f'{source} is damaged: {"; ".join(problems[:5])}.')


def not_finite(tensors: Mapping[str, Any]) -> list[str]:
    """Names of the tensors that hold NaN; infinite values may be masks."""
    return [
        key
        for key, value in tensors.items()
        if is_dense(value) and value.is_floating_point() and bool(value.isnan().any())
    ]


def shapes(tensors: Mapping[str, Any]) -> dict[str, torch.Size]:
    """Shapes of the tensors by name; other entries are left out."""
    return {key: value.shape for key, value in tensors.items() if torch.is_tensor(value)}
