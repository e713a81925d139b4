"""Pictures as an exported network wants them, with NumPy and Pillow alone."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

KERNELS = {
    'nearest': Image.Resampling.NEAREST,
    'bilinear': Image.Resampling.BILINEAR,
    'bicubic': Image.Resampling.BICUBIC,
    'lanczos': Image.Resampling.LANCZOS,
}


def read_picture(file: str | Path, orientation: bool) -> np.ndarray:
    """Read a picture as RGB, uint8, (H, W, 3); turned as EXIF says if ``orientation`` is true."""
    with Image.open(file) as picture:
        turned = ImageOps.exif_transpose(picture) if orientation else picture
        return np.asarray(turned.convert('RGB'))


def prepare(pixels: np.ndarray, description: dict) -> np.ndarray:
    """Make a network's input of a picture.

    Args:
        pixels (np.ndarray): RGB, uint8, (H, W, 3).
        description (dict): ``input`` of the metadata.

    Returns:
        np.ndarray: float32, (1, 3, h, w).
    """
    pixels = resized(pixels, description['steps'])
    pixels = pixels if description['channels'] == 'RGB' else pixels[..., ::-1]
    values = (pixels.astype(np.float32) - description['mean']) / description['std']
    bottom, right = (-side % description['divisor'] for side in pixels.shape[:2])
    values = np.pad(values, ((0, bottom), (0, right), (0, 0)))
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None], dtype=np.float32)


def resized(pixels: np.ndarray, steps: list | None) -> np.ndarray:
    """Resize and crop a picture (H, W, 3) as the metadata say."""
    if steps is None:
        raise ValueError('The test pipeline of the model is not described in the file.')
    for step in steps:
        height, width = pixels.shape[:2]
        if step['step'] == 'crop':
            pixels = centre(pixels, step['size'])
            continue
        if step['step'] == 'edge':
            size = edge_size(height, width, step['edge'], step['length'])
        elif step['step'] == 'fit':
            long, short = max(height, width), min(height, width)
            scale = min(step['long'] / long, step['short'] / short)
            size = int(height * scale + 0.5), int(width * scale + 0.5)
        elif step['step'] == 'cover':
            scale = max(side / have for side, have in zip(step['size'], (height, width)))
            pairs = zip(step['size'], (height, width))
            size = tuple(max(round(have * scale), side) for side, have in pairs)
        else:
            size = tuple(step['size'])
        pixels = resize(pixels, size, step['interpolation'], step['antialias'])
        if step['step'] == 'cover':
            pixels = centre(pixels, step['size'])
    return pixels


def edge_size(height: int, width: int, edge: str, length: int) -> tuple[int, int]:
    """Height and width with one edge of a given length."""
    by_width = edge == 'width' or (edge == 'short' and width < height)
    if by_width or (edge == 'long' and width > height):
        return int(length * height / width), length
    return length, int(length * width / height)


def centre(pixels: np.ndarray, size: list) -> np.ndarray:
    """Cut out the centre, of height and width ``size``."""
    top, left = (max(0, round((have - side) / 2)) for have, side in zip(pixels.shape, size))
    return pixels[top : top + size[0], left : left + size[1]]


def resize(pixels: np.ndarray, size: tuple, interpolation: str, antialias: bool) -> np.ndarray:
    """Resize a picture; without ``antialias`` as OpenCV does, to a grey level."""
    if tuple(size) == pixels.shape[:2]:
        return pixels
    if antialias:
        kernel = KERNELS[interpolation]
        return np.asarray(Image.fromarray(pixels).resize((size[1], size[0]), kernel))
    if interpolation != 'bilinear':
        raise ValueError(f'{interpolation} resizing without antialiasing is not in this example.')
    values = bilinear(bilinear(pixels.astype(np.float32), size[0], 0), size[1], 1)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def bilinear(values: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Resize one axis linearly, pixels being squares, without averaging over what shrinks."""
    have = values.shape[axis]
    place = np.clip((np.arange(size) + 0.5) * have / size - 0.5, 0, have - 1)
    before = np.floor(place).astype(int)
    behind = np.minimum(before + 1, have - 1)
    shape = [-1 if number == axis else 1 for number in range(values.ndim)]
    share = (place - before).astype(np.float32).reshape(shape)
    low, high = values.take(before, axis), values.take(behind, axis)
    return low + (high - low) * share
