"""Reads picture files in the form that the models expect."""

from collections.abc import Sequence
from pathlib import Path
from typing import Union

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2.functional import center_crop, resize

from mmaddp.datasets import LoadRGBImage
from mmaddp.utils.open_picture import open_picture

# Lossy formats, in which black need not be exactly black.
LOSSY = ('JPEG', 'WEBP')


def load_images(files: Sequence[Union[str, Path]], size: tuple[int, int]) -> Tensor:
    """Read RGB images, cropped to the aspect of a size and resized to it.

    Args:
        files (Sequence[str | Path]): Picture files of any size.
        size (tuple[int, int]): Height and width.

    Returns:
        Tensor: In [0, 1], shape (B, 3, H, W).
    """
    images = []
    for file in files:
        pixels = torch.from_numpy(LoadRGBImage()(dict(img_path=str(file)))['img']).movedim(-1, 0)
        scale = max(side / have for side, have in zip(size, pixels.shape[1:]))
        scaled = [max(round(have * scale), side) for side, have in zip(size, pixels.shape[1:])]
        images.append(center_crop(resize(pixels, scaled, antialias=True), list(size)))
    return torch.stack(images).float() / 255


def load_mask(file: Union[str, Path], size: tuple[int, int]) -> Tensor:
    """Read a mask: pixels that are opaque and not black are masked.

    In lossy formats, where black is not exact, the threshold is half of full brightness.

    Args:
        file (str | Path): Picture of exactly this size.
        size (tuple[int, int]): Height and width of the images it is for.

    Returns:
        Tensor: bool, shape (H, W).

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not a picture, or it has another size.
    """
    if not Path(file).is_file():
        raise FileNotFoundError(f'There is no mask {file}.')
    try:
        with open_picture(file) as image:
            is_lossy = image.format in LOSSY
            pixels = np.array(image.convert('RGBA'))
    except Exception as error:  # Pillow's decoders raise nearly every type
        raise ValueError(f'Cannot read the mask {file}: {error}.') from error
    least = 128 if is_lossy else 1
    brightness, opacity = pixels[..., :3].max(axis=-1), pixels[..., 3]
    mask = torch.from_numpy((brightness >= least) & (opacity >= least))
    if mask.shape != size:
        raise ValueError(
            f'The mask {file} has {mask.shape[1]} x {mask.shape[0]} pixels, but the images of this '
            f'model have {size[1]} x {size[0]}: draw it on an image of that size.'
        )
    return mask
