"""Files from untrusted sources: read as plain data, or refused.

A pickle can run any program while it is read, and a checkpoint of PyTorch holds one. Nothing in it
is run here.
"""

import argparse
import mmap
import os
import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Union

import torch

# The released files keep their command line in them; see mmaddp.weights.checkpoint.
SAFE_GLOBALS = (argparse.Namespace,)

# How files written by torch.save start: zip archives, or pickles before torch 1.6.
_MAGICS = (b'PK\x03\x04', b'\x80\x02\x8a\x0a')
_REFUSED = re.compile(r'GLOBAL (\S+) was not an allowed global')

# Gigabytes that any file may unpack to; this environment variable overrides the number.
UNPACKED_LIMIT = 'MMADDP_MAX_UNPACKED_GB'
_DEFAULT_LIMIT = 1.0
# A larger file may hold this many times its own size.
_LARGEST_RATIO = 4
# How a pickle asks for any number of zeros, allocated at once; no checkpoint does this.
_ZEROS = (b'c__builtin__\nbytearray\n', b'cbuiltins\nbytearray\n')
# Depth of nested containers; no checkpoint goes deeper than ten.
_LARGEST_DEPTH = 64


def read_torch_file(path: Union[str, Path], map_location=None, on_disk: bool = False) -> Any:
    """Read what ``torch.save`` wrote: tensors, plain containers and ``argparse.Namespace``.

    Args:
        path (str | Path): The file.
        map_location: As in :func:`torch.load`. Defaults to None.
        on_disk (bool): Leave the tensors of an archive on the disk until they are used.
            Defaults to False.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is cut off, of another kind, unpacks to far more than its size, or holds an
            object that is not plain data; the message names that object.
        MemoryError: A sound file does not fit into the memory of a device.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'There is no file {path}.')
    if is_torchscript(path):
        raise ValueError(
            f'{path} is refused: it is a TorchScript archive, which is a program and not weights. '
            'Load it where it is trusted and save its state dict alone.'
        )
    check_unpacked_size(path)
    _check_zeros(path)
    content = _unpickle(path, map_location, on_disk and zipfile.is_zipfile(path))
    _check_containers(content, path)
    return content


def _unpickle(path: Path, map_location, on_disk: bool) -> Any:
    try:
        with torch.serialization.safe_globals(list(SAFE_GLOBALS)):
            return torch.load(path, map_location=map_location, weights_only=True, mmap=on_disk)
    except torch.OutOfMemoryError as error:
        raise MemoryError(f'{path} does not fit into the memory of {map_location}.') from error
    except pickle.UnpicklingError as error:
        refused = _REFUSED.search(str(error))
        if refused:
            raise ValueError(
                f'{path} is refused: it holds a {refused.group(1)}, and building that object could '
                'run code. If you trust the file, load it where it was made and save its state '
                'dict alone.'
            ) from error
        raise _unreadable(path) from error
    except Exception as error:  # Whatever error the reader raises, the file is to blame.
        raise _unreadable(path) from error


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive of ``torch.jit.save``."""
    return any(info.filename.rpartition('/')[2] == 'constants.pkl' for info in _members(path))


def check_unpacked_size(path: Path) -> None:
    """Refuse a zip archive (``.pth``, ``.npz``) that unpacks to far more than its size.

    Raises:
        ValueError: It is larger than both the limit and four times the file.
    """
    _check_size(path, sum(info.file_size for info in _members(path)))


def _check_zeros(path: Path) -> None:
    if any(content.find(zeros) >= 0 for content in _pickles(path) for zeros in _ZEROS):
        raise ValueError(
            f'{path} is refused: it holds a bytearray, which could be of any size. Load it where '
            'it was made and save its state dict alone.'
        )


def _pickles(path: Path) -> Iterator[Union[bytes, mmap.mmap]]:
    """What a checkpoint reader unpickles: members of an archive, or the whole file."""
    members = _members(path)
    if not members:
        with path.open('rb') as file:
            if path.stat().st_size:
                yield mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return
    with zipfile.ZipFile(path) as archive:
        for member in members:
            if member.filename.endswith('.pkl'):
                try:
                    yield archive.read(member)
                except Exception as error:
                    raise _unreadable(path) from error


def _members(path: Path) -> list[zipfile.ZipInfo]:
    """Members of a zip archive; none if it is not one or is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        return []


def unpacked_limit() -> float:
    """Gigabytes that any file may unpack to.

    Raises:
        ValueError: The environment variable is not a positive number.
    """
    given = os.environ.get(UNPACKED_LIMIT, '')
    try:
        limit = float(given or _DEFAULT_LIMIT)
    except ValueError:
        limit = 0.0
    if not limit > 0:
        raise ValueError(f'{UNPACKED_LIMIT} must be a positive number, got {given!r}.')
    return limit


def _check_size(path: Path, num_bytes: int) -> None:
    size = path.stat().st_size
    if num_bytes > max(unpacked_limit() * 1e9, _LARGEST_RATIO * size):
        raise ValueError(
            f'{path} is refused: it has {size / 1e6:.3g} MB and would take {num_bytes / 1e9:.3g} '
            f'GB of memory. If that is meant, set {UNPACKED_LIMIT}={num_bytes / 1e9 + 1:.0f} in '
            'the environment.'
        )


def _check_containers(content: Any, path: Path) -> None:
    """Refuse tensors that claim more memory than the file has, and endless containers."""
    num_bytes = 0
    for value, depth in _walk(content):
        if torch.is_tensor(value):
            num_bytes += value.numel() * value.element_size()
        if depth > _LARGEST_DEPTH:
            raise ValueError(
                f'{path} is refused: its containers are nested more than {_LARGEST_DEPTH} deep.'
            )
    _check_size(path, num_bytes)


def _walk(content: Any) -> Iterator[tuple[Any, int]]:
    """Everything in nested containers with its depth, each object only once."""
    seen, waiting = set(), [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        yield value, depth
        if isinstance(value, Mapping):
            waiting += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list | tuple | set | frozenset):
            waiting += [(part, depth + 1) for part in value]


def holds(content: Any, kind: type) -> bool:
    """Whether nested containers hold an object of a type."""
    return any(isinstance(value, kind) for value, _ in _walk(content))


def _unreadable(path: Path) -> ValueError:
    with path.open('rb') as file:
        cut_off = file.read(4) in (*_MAGICS, b'')
    if cut_off:
        return ValueError(
            f'The checkpoint {path} is cut off or damaged ({path.stat().st_size} bytes): copy or '
            'download it again.'
        )
    return ValueError(
        f'{path} is no checkpoint that torch.save or safetensors wrote; if it was downloaded, '
        'check whether it is a web page instead.'
    )
