"""Where small grey pictures with ten classes come from."""

import gzip
import math
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Union

import numpy as np

SPLITS = ('train', 'val')
SPLIT_SEED = 0
VAL_FRACTION = 0.2
# Black pixels put around a picture on each side: the digits touch the border of their 8 x 8
# boxes; Fashion-MNIST's pictures become 32 x 32 ones.
DIGITS_MARGIN, FASHION_MARGIN = 1, 2
# In scenes, ink below the first value is transparent and above the second opaque: strokes of
# digits, whole silhouettes of clothes.
DIGITS_INK, FASHION_INK = (0.4, 0.65), (0.04, 0.12)
FASHION_CLASSES = (
    'T-shirt/top',
    'Trouser',
    'Pullover',
    'Dress',
    'Coat',
    'Sandal',
    'Shirt',
    'Sneaker',
    'Bag',
    'Ankle boot',
)
FASHION_FILES = dict(train='train', val='t10k')


@dataclass(frozen=True)
class GlyphSplit:
    """Pictures of one split.

    Attributes:
        images (np.ndarray): float32 in 0..1, ink bright, shape (N, H, W).
        labels (np.ndarray): int64 classes, shape (N,).
        names (list[str]): Names of the N pictures, unique over all splits.
        ink (tuple[float, float]): Values at which a picture starts and ends becoming opaque.
    """

    images: np.ndarray
    labels: np.ndarray
    names: list[str]
    ink: tuple[float, float]

    def cut(self, chosen: slice) -> 'GlyphSplit':
        """Some of the pictures."""
        return replace(
            self,
            images=self.images[chosen],
            labels=self.labels[chosen],
            names=self.names[chosen],
        )


@dataclass(frozen=True)
class GlyphSource:
    """A source: its splits by name (``train``, ``val``) and the names of its classes."""

    splits: dict[str, GlyphSplit]
    classes: tuple[str, ...]


def load_digits_source() -> GlyphSource:
    """The 1,797 handwritten digits that scikit-learn carries, a fifth of each class as ``val``."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = _with_margin(digits.images.astype(np.float32) / 16, DIGITS_MARGIN)
    is_val = _stratified_val(digits.target)
    splits = {
        split: GlyphSplit(
            images[chosen],
            digits.target[chosen].astype(np.int64),
            [f'digit_{i:04}' for i in np.flatnonzero(chosen)],
            DIGITS_INK,
        )
        for split, chosen in zip(SPLITS, (~is_val, is_val))
    }
    return GlyphSource(splits, tuple(str(digit) for digit in range(10)))


def load_fashion_mnist_source(folder: Union[str, Path]) -> GlyphSource:
    """Fashion-MNIST from its four IDX files, gzip-compressed or not; the test set is ``val``.

    Args:
        folder (str | Path): Holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
            ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, each with or without
            ``.gz``. Debian's package ``dataset-fashion-mnist`` puts them into
            ``/usr/share/datasets/fashion-mnist``.

    Raises:
        FileNotFoundError: One of them is missing.
        ValueError: One of them is damaged, or pictures and labels do not belong together.
    """
    splits = {}
    for split, prefix in FASHION_FILES.items():
        images_file = _find_idx(folder, f'{prefix}-images-idx3-ubyte')
        labels_file = _find_idx(folder, f'{prefix}-labels-idx1-ubyte')
        images, labels = read_idx(images_file, 3), read_idx(labels_file, 1)
        if len(images) != len(labels):
            raise ValueError(
                f'{images_file} holds {len(images)} pictures, but {labels_file} {len(labels)} '
                'labels.'
            )
        if len(labels) and labels.max() >= len(FASHION_CLASSES):
            raise ValueError(f'{labels_file} holds the label {labels.max()}; 0..9 are known.')
        names = [f'fashion_{split}_{i:05}' for i in range(len(images))]
        images = _with_margin(images.astype(np.float32) / 255, FASHION_MARGIN)
        splits[split] = GlyphSplit(images, labels.astype(np.int64), names, FASHION_INK)
    return GlyphSource(splits, FASHION_CLASSES)


def read_idx(path: Union[str, Path], num_dims: int) -> np.ndarray:
    """Read an IDX file of unsigned bytes.

    Args:
        path (str | Path): The file; with the suffix ``.gz`` it is decompressed.
        num_dims (int): Dimensions that it must have.

    Returns:
        np.ndarray: uint8, of the shape that the file's header states.

    Raises:
        ValueError: The magic number is another one, or the size does not fit the header.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        if path.suffix == '.gz':
            content = gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f'{path} is damaged: {error}.') from error
    header = 4 + 4 * num_dims
    expected = bytes((0, 0, 8, num_dims))
    if content[:4] != expected or len(content) < header:
        raise ValueError(
            f'{path} is not an IDX file of bytes with {num_dims} dimensions: it starts with '
            f'{content[:4].hex() or "nothing"}, expected {expected.hex()}.'
        )
    shape = struct.unpack(f'>{num_dims}I', content[4:header])
    if len(content) - header != math.prod(shape):
        raise ValueError(
            f'{path} holds {len(content) - header} values, but its header states '
            f'{" x ".join(map(str, shape))}.'
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _find_idx(folder: Union[str, Path], name: str) -> Path:
    for path in (Path(folder) / name, Path(folder) / f'{name}.gz'):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f'There is neither {name} nor {name}.gz in {folder}. Debian and Ubuntu ship the four '
        'files as the package dataset-fashion-mnist, in /usr/share/datasets/fashion-mnist.'
    )


def _with_margin(images: np.ndarray, margin: int) -> np.ndarray:
    return np.pad(images, ((0, 0), (margin, margin), (margin, margin)))


def _stratified_val(labels: np.ndarray) -> np.ndarray:
    """Choose the same fraction of every class: bool, shape (N,)."""
    rng = np.random.default_rng(SPLIT_SEED)
    is_val = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        is_val[members[: round(VAL_FRACTION * len(members))]] = True
    return is_val
