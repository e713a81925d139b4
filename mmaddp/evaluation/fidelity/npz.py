"""ADM's ``.npz`` batches: images as ``arr_0``, statistics as ``mu`` and ``sigma``."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Union

import numpy as np
import torch
from torch import Tensor

from mmaddp.utils.hashing import file_sha256
from mmaddp.weights.untrusted import check_unpacked_size

from .image_sets import ImageSet

# What NumPy and zipfile raise for damaged files.
_DAMAGED = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    TypeError,
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def _refused(message: str) -> Iterator[None]:
    """Turn what a damaged file raises into a ``ValueError`` of this message."""
    try:
        yield
    except _DAMAGED as error:
        raise ValueError(f'{message} ({type(error).__name__}: {error}).') from error


class NpzImages(ImageSet):
    """Array ``arr_0`` of an ``.npz`` file, uint8 RGB (N, H, W, 3), as ADM publishes its batches.

    It is read as a stream, because it can be larger than the memory.

    Args:
        path (str | Path): The file.

    Raises:
        ValueError: The array is missing, of another shape or pickled, or unpacks to far more than
            the file holds.
    """

    MEMBER = 'arr_0.npy'

    def __init__(self, path: Union[str, Path]):
        self.path = Path(path)
        with self._open() as (_, shape):
            self.shape = shape

    def __len__(self) -> int:
        return self.shape[0]

    def _open(self):
        return _NpyStream(self.path, self.MEMBER)

    def digest(self) -> str:
        """SHA-256 of the file."""
        return file_sha256(self.path)

    def blocks(
        self, batch_size: int, rank: int = 0, world_size: int = 1
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Read in blocks, as in the base class."""
        with self._open() as (stream, shape):
            size = int(np.prod(shape[1:]))
            for number, start in enumerate(range(0, len(self), batch_size)):
                count = min(batch_size, len(self) - start)
                with _refused(f'{self.path} is damaged behind image {start}'):
                    content = stream.read(count * size)
                if len(content) < count * size:
                    raise ValueError(f'{self.path} is cut off at image {start}.')
                if number % world_size == rank:
                    pixels = np.frombuffer(content, np.uint8).reshape(count, *shape[1:]).copy()
                    images = torch.from_numpy(pixels).movedim(-1, 1).contiguous()
                    yield torch.arange(start, start + count), images


class _NpyStream:
    """Opens a member of an .npz file behind its header: gives the stream and the shape."""

    def __init__(self, path: Path, member: str):
        self.path, self.member = path, member

    def __enter__(self):
        check_unpacked_size(self.path)
        with _refused(
            f'{self.path} cannot be read as an .npz file with uint8 images (N, H, W, 3) as arr_0'
        ):
            self.archive = zipfile.ZipFile(self.path)
            stream = self.archive.open(self.member)
            version = np.lib.format.read_magic(stream)
            read = getattr(np.lib.format, f'read_array_header_{version[0]}_0')
            shape, fortran, dtype = read(stream)
        if dtype != np.uint8 or len(shape) != 4 or shape[3] != 3 or fortran:
            raise ValueError(
                f'arr_0 of {self.path} has shape {shape} and type {dtype}; images must be uint8 '
                '(N, H, W, 3). Arrays of Python objects are refused: reading them could run code.'
            )
        return stream, shape

    def __exit__(self, *_):
        self.archive.close()


def npz_names(path: Path) -> set[str]:
    """Names of the arrays of an .npz file.

    Raises:
        ValueError: It is not such a file.
    """
    with (
        _refused(
            f'{path} is not an .npz file that can be read without unpickling, which could run code'
        ),
        np.load(path, allow_pickle=False) as arrays,
    ):
        return set(arrays.files)


def read_npz(path: Path, name: str) -> np.ndarray:
    """Read one array of an .npz file.

    Raises:
        ValueError: It is missing, damaged or holds Python objects.
    """
    check_unpacked_size(path)
    with (
        _refused(f'{name} of {path} cannot be read without unpickling, which could run code'),
        np.load(path, allow_pickle=False) as arrays,
    ):
        return arrays[name]
