"""What differs between two folders of trainings."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from mmaddp.weights.untrusted import read_torch_file

# Times, versions, and what names the folder or the moment of a run.
DIFFERENT_ANYWAY = re.compile(
    r'(.*[./])?'
    r'(time|data_time(_share)?|eta|memory|mmengine_version|cfg|experiment_name|last_ckpt|best_ckpt.*)'
)


def differences(one: Path, other: Path) -> Iterator[str]:
    """Compare checkpoints and logs of two trainings, to the bit.

    Times and paths are left out, and so is what a training logged again after it was resumed, if it
    logged the same.

    Args:
        one (Path): Folder of the undisturbed training.
        other (Path): Folder of the other one.

    Yields:
        str: One difference.
    """
    names, others = _checkpoints(one), _checkpoints(other)
    if names != others:
        yield f'checkpoints {sorted(others)} instead of {sorted(names)}'
    for name in sorted(names & others):
        yield from _unequal(name, _read(one / name), _read(other / name))
    yield from _log_differences(one, other)


def _checkpoints(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix in ('.pth', '.safetensors')}


def _read(file: Path) -> Any:
    return load_file(file) if file.suffix == '.safetensors' else read_torch_file(file, 'cpu')


def _unequal(where: str, one: Any, other: Any) -> Iterator[str]:
    if DIFFERENT_ANYWAY.fullmatch(where):
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        if one.keys() != other.keys():
            yield f'{where} holds different keys: {sorted(map(str, one.keys() ^ other.keys()))}'
        for key in one.keys() & other.keys():
            yield from _unequal(f'{where}.{key}', one[key], other[key])
    elif torch.is_tensor(one) and torch.is_tensor(other):
        if not _same_bits(one, other):
            yield where
    elif _is_list(one) and _is_list(other) and len(one) == len(other):
        for number, (value, other_value) in enumerate(zip(one, other)):
            yield from _unequal(f'{where}.{number}', value, other_value)
    elif one != other:
        yield f'{where} is {str(other)[:80]} instead of {str(one)[:80]}'


def _same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    return torch.equal(*(tensor.reshape(-1).view(torch.uint8) for tensor in (one, other)))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _log_differences(one: Path, other: Path) -> Iterator[str]:
    logged, logged_again = _log(one), _log(other)
    for (kind, step), lines in logged_again.items():
        (expected,) = logged.get((kind, step), [None])
        for line in lines:
            if expected is None:
                yield f'log: {kind} {step} is there'
            else:
                yield from _unequal(f'log: {kind} {step}', expected, line)
    for kind, step in logged.keys() - logged_again.keys():
        yield f'log: {kind} {step} is missing'


def _log(folder: Path) -> dict[tuple[str, int], list[dict]]:
    """What was logged for each step, once by each process that came there."""
    found: dict[tuple[str, int], list[dict]] = {}
    for file in sorted(folder.glob('*/vis_data/scalars.json')):
        for line in file.read_text().split('\n')[:-1]:  # behind the last, a kill may have cut one
            values = json.loads(line)
            kind = 'training step' if 'loss' in values else 'validation'
            found.setdefault((kind, values['step']), []).append(values)
    return found
