"""Training checkpoints whose tensors lie in shards beside them, one file per process.

``epoch_3.pth`` holds everything but the tensors, and a table of them; ``epoch_3.shards/`` holds the
tensors as PyTorch's distributed checkpoints write them, in the safetensors format. Their default
format holds a pickle; this one holds nothing that could run code.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Union

import torch
from safetensors import safe_open
from torch import Tensor

from mmaddp.weights.plain_kinds import is_count

# The entry of the checkpoint: {name of a tensor: (shape, type of its numbers)}.
TABLE = 'shards'
SUFFIX = '.shards'
_WEIGHTS, _OPTIMIZER = 'state_dict', 'optimizer'
# Where PyTorch notes in the header of a shard which part of a tensor it holds.
_PLACES, _OFFSETS = 'DCP_SHARDING_INFO', 'saved_offsets'
_LONGEST_SIDE = 2**40
_NAME = re.compile(rf'{_WEIGHTS}/.+|{_OPTIMIZER}/\d{{1,9}}/.+', re.DOTALL)


class _Part(NamedTuple):
    """A part of a tensor in a shard."""

    name: str
    file: Path
    place: tuple[slice, ...]


def shard_folder(checkpoint: Union[str, Path]) -> Path:
    """Where the shards of a checkpoint are: ``epoch_3.shards`` for ``epoch_3.pth``."""
    return Path(checkpoint).with_suffix(SUFFIX)


def take_tensors(weights: Mapping[str, Tensor], optimizer: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors of weights and of an optimizer's state, by one name each."""
    tensors = {f'{_WEIGHTS}/{name}': value for name, value in weights.items()}
    for number, state in optimizer['state'].items():
        for name, value in state.items():
            if torch.is_tensor(value):
                tensors[f'{_OPTIMIZER}/{number}/{name}'] = value
    return tensors


def table_of(tensors: Mapping[str, Tensor]) -> dict[str, list]:
    """Shapes and types of numbers, as plain data."""
    return {
        name: [list(value.shape), str(value.dtype).removeprefix('torch.')]
        for name, value in tensors.items()
    }


def without_tensors(optimizer: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> dict:
    """What a checkpoint holds in the place of the tensors that lie in shards.

    Args:
        optimizer (Mapping): State of the optimizer.
        tensors (Mapping): From :func:`take_tensors`.

    Returns:
        dict: Its entries for weights and optimizer, and the table.
    """
    others = {
        number: {name: value for name, value in state.items() if not torch.is_tensor(value)}
        for number, state in optimizer['state'].items()
    }
    return {_WEIGHTS: {}, _OPTIMIZER: {**optimizer, 'state': others}, TABLE: table_of(tensors)}


def with_tensors(checkpoint: dict, path: Union[str, Path]) -> dict:
    """A checkpoint with its tensors, read from the shards if it has any.

    Args:
        checkpoint (dict): As read.
        path (str | Path): Its file.

    Raises:
        ValueError: A shard is missing or damaged.
    """
    table = checkpoint.get(TABLE)
    if table is None:
        return checkpoint
    tensors = _read(path, check_shards(table, path))
    checkpoint = {key: value for key, value in checkpoint.items() if key != TABLE}
    weights: dict[str, Tensor] = {}
    states: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        kind, _, rest = name.partition('/')
        if kind == _WEIGHTS:
            weights[rest] = value
        else:
            number, _, entry = rest.partition('/')
            states.setdefault(int(number), {})[entry] = value
    optimizer = checkpoint.get(_OPTIMIZER)
    if isinstance(optimizer, Mapping):
        others = optimizer.get('state')
        for number, state in others.items() if isinstance(others, Mapping) else ():
            if isinstance(state, Mapping):
                states[number] = {**state, **states.get(number, {})}
        checkpoint[_OPTIMIZER] = {**optimizer, 'state': states}
    return {**checkpoint, _WEIGHTS: weights}


def check_shards(table: Any, path: Union[str, Path]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    """Check, without reading them, that the shards of a checkpoint hold all of its tensors.

    Args:
        table: What the checkpoint has in the entry ``shards``.
        path (str | Path): Its file.

    Returns:
        dict: Shape and type of numbers of each tensor.

    Raises:
        ValueError: A shard is missing or damaged.
    """
    try:
        tensors = {
            _name(name): (_shape(shape), _dtype(kind)) for name, (shape, kind) in table.items()
        }
        missing = {name: math.prod(shape) for name, (shape, _) in tensors.items()}
        for part in _parts(path):
            shape, _ = tensors[part.name]
            if any(side.stop > length for side, length in zip(part.place, shape, strict=True)):
                raise ValueError(f'{part.name} does not fit')
            missing[part.name] -= math.prod(side.stop - side.start for side in part.place)
    except Exception as error:  # Whatever is wrong, the files are to blame.
        reason = f'{type(error).__name__}: {error}'
        raise ValueError(f'The shards of {path} are damaged ({reason}).') from error
    absent = [name for name, number in missing.items() if number]
    if absent:
        raise ValueError(
            f'The shards of {path} are not complete: parts of {len(absent)} tensors are missing in '
            f'{shard_folder(path)}, {absent[0]} and so on.'
        )
    return tensors


def _read(path: Union[str, Path], tensors: Mapping[str, tuple]) -> dict[str, Tensor]:
    read = {name: torch.zeros(shape, dtype=dtype) for name, (shape, dtype) in tensors.items()}
    for file in _files(path):
        with safe_open(file, 'pt') as shard:
            for part in _parts_in(file, shard):
                read[part.name][part.place] = shard.get_tensor(part.name)
    return read


def _files(path: Union[str, Path]) -> list[Path]:
    return sorted(shard_folder(path).glob('*.safetensors'))


def _parts(path: Union[str, Path]) -> Iterator[_Part]:
    for file in _files(path):
        with safe_open(file, 'pt') as shard:
            yield from _parts_in(file, shard)


def _parts_in(file: Path, shard: Any) -> Iterator[_Part]:
    places = json.loads((shard.metadata() or {})[_PLACES])
    for name in shard.keys():  # noqa: SIM118, the handle of a shard is no mapping
        sizes, offsets = shard.get_slice(name).get_shape(), places[name][_OFFSETS]
        sides = zip(offsets, sizes, strict=True)
        yield _Part(name, file, tuple(slice(_side(at), _side(at) + size) for at, size in sides))


def _name(value: Any) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(f'{value!r} is not the name of a tensor')
    return value


def _shape(value: Any) -> torch.Size:
    return torch.Size([_side(side) for side in value])


def _side(value: Any) -> int:
    if not is_count(value, _LONGEST_SIDE):
        raise ValueError(f'{value!r} is not a length')
    return value


def _dtype(name: Any) -> torch.dtype:
    dtype = getattr(torch, name)
    if not isinstance(dtype, torch.dtype):
        raise ValueError(f'{name!r} is not a type of numbers')
    return dtype
