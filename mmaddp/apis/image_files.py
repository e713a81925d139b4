"""Reads pictures and masks in the form that the models expect."""

from pathlib import Path
from typing import Optional, Union

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from mmaddp.apis.inputs import Images, list_inputs
from mmaddp.datasets import LoadRGBImage
from mmaddp.datasets.channels import reader_for
from mmaddp.models.selfsup import ADDP
from mmaddp.utils.fit_image import fit_image, fit_planes
from mmaddp.utils.open_picture import open_picture

# Lossy formats, in which black need not be exactly black.
LOSSY = ('JPEG', 'WEBP')


Mask = Union[str, Path, np.ndarray, Image.Image]


def load_images(
    images: Images, size: tuple[int, int], reader: Optional[LoadRGBImage] = None
) -> Tensor:
    """Read images, cropped to the aspect of a size and resized to it.

    Args:
        images (str | Path | np.ndarray | Image.Image | Sequence): Pictures of any size, see
            :func:`mmaddp.apis.inputs.list_inputs`.
        size (tuple[int, int]): Height and width.
        reader (LoadRGBImage, optional): How they are read, see :func:`picture_reader`. Defaults to
            None: 8-bit RGB.

    Returns:
        Tensor: In [0, 1], shape (B, 3, H, W), or with the reader's number of channels.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: One cannot be read.
    """
    return torch.stack([fit_image(image.read(reader), size) for image in list_inputs(images)])


def picture_reader(model: ADDP) -> LoadRGBImage:
    """How a model's pictures are read: with as many channels and in the range that it was made for.

    Args:
        model (ADDP): The model.
    """
    return reader_for(model.num_channels, model.value_range)


def load_mask(
    mask: Mask, size: tuple[int, int], original: Optional[tuple[int, int]] = None
) -> Tensor:
    """Read a mask: pixels that are opaque and not black are masked.

    In lossy formats, where black is not exact, the threshold is half of full brightness.

    Args:
        mask (str | Path | np.ndarray | Image.Image): Picture of exactly this size, or an array
            (H, W), in which all but False or 0 is masked.
        size (tuple[int, int]): Height and width of the images it is for.
        original (tuple[int, int], optional): Height and width of the picture before it was cropped
            and resized: a mask of that size is cropped and resized alike. Defaults to None.

    Returns:
        Tensor: bool, shape (H, W).

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not a picture, or it has another size.
    """
    found = _read_mask(mask)
    if found.shape != size and found.shape == original:
        return fit_planes(found[None].float(), size)[0] > 0  # whatever touches the mask
    if found.shape != size:
        name = f' {mask}' if isinstance(mask, str | Path) else ''
        raise ValueError(
            f'The mask{name} has {found.shape[1]} x {found.shape[0]} pixels, but the images of '
            f'this model have {size[1]} x {size[0]}: draw it on an image of that size.'
        )
    return found


def _read_mask(mask: Mask) -> Tensor:
    """A mask of any kind: bool, shape (H, W)."""
    if isinstance(mask, np.ndarray):
        if mask.ndim != 2:
            raise ValueError(f'An array that is a mask has the shape (H, W), got {mask.shape}.')
        return torch.from_numpy(mask != 0)
    if isinstance(mask, Image.Image):
        return _not_black(mask)
    if not Path(mask).is_file():
        raise FileNotFoundError(f'There is no mask {mask}.')
    try:
        with open_picture(mask) as image:
            return _not_black(image)
    except Exception as error:  # Pillow's decoders raise nearly every type
        raise ValueError(f'Cannot read the mask {mask}: {error}.') from error


def _not_black(image: Image.Image) -> Tensor:
    pixels = np.array(image.convert('RGBA'))
    least = 128 if image.format in LOSSY else 1
    brightness, opacity = pixels[..., :3].max(axis=-1), pixels[..., 3]
    return torch.from_numpy((brightness >= least) & (opacity >= least))
