"""Sets of images in the order in which torch-fidelity reads them."""

import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Optional, Union

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import center_crop, resize

from mmaddp.datasets.loading import LoadRGBImage
from mmaddp.utils.hashing import file_sha256
from mmaddp.utils.listing import list_pictures

# Suffixes of files that may use lossy compression.
LOSSY = ('.jpg', '.jpeg', '.jpe', '.jfif', '.webp')
# Record that tools/dataset_converters/prepare_imagenet_val.py leaves in its folder.
RECORD = 'preparation.json'
# Blocks that are prefetched for the network.
READ_AHEAD = 3


class ImageSet(ABC):
    """Images of one size, in order, read block by block.

    The unit of work is a block of ``batch_size`` consecutive images, and a process reads whole
    blocks: so features do not depend on the number of processes.
    """

    path: Path

    @abstractmethod
    def __len__(self) -> int:
        """Number of images."""

    @abstractmethod
    def digest(self) -> str:
        """SHA-256 of the content, order included."""

    @property
    def transform(self) -> str:
        """What happens to the images before the extractor, in words."""
        return 'none'

    @abstractmethod
    def blocks(
        self, batch_size: int, rank: int = 0, world_size: int = 1
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Read every ``world_size``-th block, from block ``rank`` on.

        Yields:
            tuple[Tensor, Tensor]: Indices of the images, long, shape (B,); the images, RGB, uint8,
            shape (B, 3, H, W).
        """

    def describe(self) -> dict:
        """Protocol of the set, for JSON."""
        return dict(
            path=str(self.path),
            num_images=len(self),
            sha256=self.digest(),
            transform=self.transform,
        )


class FolderImages(ImageSet):
    """All pictures of a folder, see :func:`list_pictures`, ordered by path (links by their target).

    Of a folder written by ``tools/generate.py``, its subfolder ``images`` is read.

    Args:
        folder (str | Path): The folder.
        allow_lossy (bool): Read JPEG and WebP files too. Defaults to False: they are refused.
        resize_and_crop (int, optional): Resize the shorter side to this (bilinear, antialiased)
            and crop the centre. Defaults to None: images stay as they are.
        num_images (int, optional): Number of images to take, evenly spaced. Defaults to None: all.
        num_workers (int): Threads that read and decode. Defaults to 4.

    Raises:
        FileNotFoundError: There is no such folder, or it holds no images.
        ValueError: There are JPEG or WebP files, fewer images than ``num_images``, or the
            preparation of the folder was interrupted.
    """

    def __init__(
        self,
        folder: Union[str, Path],
        allow_lossy: bool = False,
        resize_and_crop: Optional[int] = None,
        num_images: Optional[int] = None,
        num_workers: int = 4,
    ):
        self.path = Path(folder)
        if not self.path.is_dir():
            raise FileNotFoundError(f'There is no folder of images {folder}.')
        if is_generation_run(self.path):
            self.path = self.path / 'images'
        found = list_pictures(self.path)
        # As torch-fidelity orders them.
        self.files = sorted(map(os.path.realpath, found.paths()))
        if not self.files:
            raise FileNotFoundError(f'{self.path} holds no image, at any depth. {found.report()}')
        refuse_unfinished(self.path)
        if not allow_lossy:
            refuse_lossy(self.path, self.files)
        if num_images is not None:
            self.files = evenly_spaced(self.files, num_images, self.path)
        self.resize_and_crop = resize_and_crop
        self.num_workers = max(num_workers, 1)
        self._load = LoadRGBImage(ignore_orientation=True)
        self._digest: Optional[str] = None

    def __len__(self) -> int:
        return len(self.files)

    @property
    def transform(self) -> str:
        """What is done to an image, in words."""
        size = self.resize_and_crop
        return f'Resize({size}, bilinear, antialias) CenterCrop({size})' if size else 'none'

    def digest(self) -> str:
        """SHA-256 of the files, in their order."""
        if self._digest is None:
            with ThreadPoolExecutor(self.num_workers) as pool:
                parts = pool.map(_file_digest, self.files)
                self._digest = hashlib.sha256(b''.join(parts)).hexdigest()
        return self._digest

    def read(self, file: str) -> Tensor:
        """Read one image as uint8 RGB, shape (3, H, W)."""
        pixels = self._load.transform(dict(img_path=file))['img']
        if self.resize_and_crop:
            pixels = resize_and_crop(pixels, self.resize_and_crop)
        return torch.from_numpy(pixels).movedim(-1, 0)

    def blocks(
        self, batch_size: int, rank: int = 0, world_size: int = 1
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Read in blocks, as in the base class."""
        starts = range(rank * batch_size, len(self), world_size * batch_size)
        with ThreadPoolExecutor(self.num_workers) as pool:
            waiting: deque[tuple[range, list[Future]]] = deque()
            for start in starts:
                indices = range(start, min(start + batch_size, len(self)))
                waiting.append((indices, [pool.submit(self.read, self.files[i]) for i in indices]))
                if len(waiting) > READ_AHEAD:
                    yield self._stack(*waiting.popleft())
            while waiting:
                yield self._stack(*waiting.popleft())

    def _stack(self, indices: range, futures: Sequence[Future]) -> tuple[Tensor, Tensor]:
        images = [future.result() for future in futures]
        for index, image in zip(indices, images):
            if image.shape != images[0].shape:
                raise ValueError(
                    f'{self.files[index]} has {image.shape[2]} x {image.shape[1]} pixels and '
                    f'{self.files[indices[0]]} has {images[0].shape[2]} x {images[0].shape[1]}: '
                    'images of a set must have one size; give --resize-and-crop SIZE or prepare '
                    'them with tools/dataset_converters/prepare_imagenet_val.py.'
                )
        return torch.tensor(indices), torch.stack(images)


def is_generation_run(folder: Path) -> bool:
    """Whether ``images`` lies beside the sheet or the manifest of a generation run."""
    beside = [folder / name for name in ('grid.png', 'manifest.json')]
    return (folder / 'images').is_dir() and any(file.is_file() for file in beside)


def resize_and_crop(pixels: np.ndarray, size: int) -> np.ndarray:
    """Resize the shorter side (bilinear, antialiased, as Pillow does it) and crop the centre.

    Args:
        pixels (np.ndarray): RGB, uint8, shape (H, W, 3).
        size (int): Side of the result.

    Returns:
        np.ndarray: RGB, uint8, shape (size, size, 3), writable.
    """
    image = center_crop(resize(Image.fromarray(pixels), size), [size, size])
    return np.array(image)


def refuse_unfinished(folder: Path) -> None:
    """Raise if the preparation of a folder was interrupted.

    Raises:
        ValueError: Its record says so.
    """
    record = folder / RECORD
    if record.is_file() and not json.loads(record.read_text()).get('complete', False):
        raise ValueError(
            f'{folder} is not complete: run tools/dataset_converters/prepare_imagenet_val.py again.'
        )


def refuse_lossy(folder: Path, files: Sequence[str]) -> None:
    """Raise if files use lossy compression.

    Raises:
        ValueError: There are such files.
    """
    lossy = [file for file in files if file.lower().endswith(LOSSY)]
    if lossy:
        raise ValueError(
            f'{folder} holds {len(lossy)} JPEG or WebP files ({Path(lossy[0]).name}, ...). Their '
            'artefacts change the features: a published FID moved from 11.2 to 13.7. Write PNG '
            'files (tools/dataset_converters/prepare_imagenet_val.py), or force it with '
            '--allow-lossy (allow_lossy=True).'
        )


def evenly_spaced(items: Sequence, number: int, source: Union[str, Path]) -> list:
    """Take ``number`` of the items, evenly spaced, to cover all classes of a sorted set."""
    if not 1 <= number <= len(items):
        raise ValueError(f'{number} images were asked for; {source} holds {len(items)}.')
    return [items[i * len(items) // number] for i in range(number)]


def _file_digest(path: str) -> bytes:
    return bytes.fromhex(file_sha256(path))
