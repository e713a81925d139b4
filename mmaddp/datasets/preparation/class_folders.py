"""Folders of pictures, one for each class, as users have them."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np
from PIL import Image

from .folders import is_complete, new_folder
from .scenes import resize_glyph
from .sources import GlyphSource

# Incremented whenever the same settings would make different files.
VERSION = 1
# Photographs in colour that the wheels of scikit-image and scikit-learn hold, so that none is
# fetched.
PHOTOGRAPHS = (
    *('astronaut', 'cat', 'coffee', 'hubble_deep_field', 'immunohistochemistry'),
    *('retina', 'rocket', 'china', 'flower'),
)


class NamedPicture(NamedTuple):
    """A picture to be written.

    Attributes:
        pixels (np.ndarray): uint8, shape (H, W) or (H, W, 3).
        label (str): Name of its folder.
        name (str): Name of its file, without suffix.
    """

    pixels: np.ndarray
    label: str
    name: str


def pictures_of(
    source: GlyphSource, split: str, per_class: Optional[int], side: int, seed: int
) -> Iterator[NamedPicture]:
    """Draw pictures of each class. Those of a smaller number are among those of a larger one.

    Args:
        source (GlyphSource): The pictures.
        split (str): One of its splits.
        per_class (int, optional): How many of each class; None for all.
        side (int): Pixels that each has in the end.
        seed (int): Of the draw.

    Yields:
        NamedPicture: Grey pictures, by class.

    Raises:
        ValueError: A class has fewer.
    """
    glyphs = source.splits[split]
    for label, name in enumerate(source.classes):
        members = np.flatnonzero(glyphs.labels == label)
        if per_class is not None and len(members) < per_class:
            raise ValueError(f'{name} has {len(members)} pictures in {split}, not {per_class}.')
        for number in np.random.default_rng((seed, label)).permutation(members)[:per_class]:
            grey = np.round(resize_glyph(glyphs.images[number], side) * 255).astype(np.uint8)
            yield NamedPicture(grey, f'{label}_{name.replace("/", "-")}', glyphs.names[number])


def crops_of_photographs(number: int, side: int, seed: int) -> Iterator[NamedPicture]:
    """Cut squares out of photographs, equally many of each, up to twice as large as asked for.

    Args:
        number (int): Of all crops.
        side (int): Pixels that each has in the end.
        seed (int): Of the draw.

    Yields:
        NamedPicture: RGB, the label being the name of the photograph.
    """
    for place, (name, photograph) in enumerate(load_photographs().items()):
        rng = np.random.default_rng((seed, place))
        for index in range(place, number, len(PHOTOGRAPHS)):
            cut = int(rng.integers(side, min(2 * side, *photograph.shape[:2]) + 1))
            top, left = (int(rng.integers(0, length - cut + 1)) for length in photograph.shape[:2])
            crop = Image.fromarray(photograph[top : top + cut, left : left + cut])
            pixels = np.asarray(crop.resize((side, side), Image.Resampling.BICUBIC))
            yield NamedPicture(pixels, name, f'{name}_{index:05}')


def load_photographs() -> dict[str, np.ndarray]:
    """The photographs by name, RGB uint8, shape (H, W, 3).

    Raises:
        ModuleNotFoundError: scikit-image is not installed.
    """
    from sklearn.datasets import load_sample_image

    try:
        from skimage import data
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'The photographs are those of scikit-image: pip install scikit-image.'
        ) from error
    own = {name: getattr(data, name)()[..., :3] for name in PHOTOGRAPHS[:-2]}
    return own | {name: load_sample_image(f'{name}.jpg') for name in PHOTOGRAPHS[-2:]}


def write_class_folders(folder: Path, pictures: Iterator[NamedPicture], settings: dict) -> bool:
    """Write ``CLASS/NAME.png``, lossless.

    Args:
        folder (Path): The folder to make.
        pictures (Iterator[NamedPicture]): Read only where there is something to write.
        settings (dict): What they depend on, recorded in the folder's manifest.

    Returns:
        bool: False if the folder existed already, complete and with these settings.

    Raises:
        ValueError: The folder holds something else.
    """
    settings = dict(settings, version=VERSION)
    if is_complete(folder, settings):
        return False
    with new_folder(folder, settings) as root:
        for picture in pictures:
            file = root / picture.label / f'{picture.name}.png'
            file.parent.mkdir(exist_ok=True)
            Image.fromarray(picture.pixels).save(file)
    return True
