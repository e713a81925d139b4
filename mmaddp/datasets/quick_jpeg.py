"""JPEG pictures decoded by OpenCV where its pixels are Pillow's, in half of the time."""

import io
from functools import cache
from typing import Optional

import cv2
import numpy as np
from PIL import Image

from mmaddp.utils.open_picture import open_picture

END_OF_IMAGE = b'\xff\xd9'
# OpenCV decodes to BGR before 4.11.
READ_RGB = getattr(cv2, 'IMREAD_COLOR_RGB', None)


def decode_jpeg(content: bytes, image: Image.Image) -> Optional[np.ndarray]:
    """Decode an ordinary JPEG file.

    OpenCV writes the pixels where they are wanted; Pillow stores four bytes per pixel, which are
    packed into three and copied. OpenCV also returns the sound part of a file that is cut off; such
    files, other kinds of JPEG, and all files where the two packages decode differently are left to
    Pillow.

    Args:
        content (bytes): The file's bytes.
        image (Image.Image): What Pillow says of it, not decoded.

    Returns:
        np.ndarray, optional: RGB image (H, W, 3), uint8, without regard to the EXIF orientation;
        None if Pillow is to decode it.
    """
    if (image.format, image.mode) != ('JPEG', 'RGB') or not content.endswith(END_OF_IMAGE):
        return None
    if not _decodes_as_pillow():
        return None
    pixels = _decode(content)
    fits = pixels is not None and pixels.shape == (image.height, image.width, 3)
    return pixels if fits else None


def _decode(content: bytes) -> Optional[np.ndarray]:
    kind = cv2.IMREAD_COLOR if READ_RGB is None else READ_RGB
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), kind | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None or READ_RGB is not None:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


@cache
def _decodes_as_pillow() -> bool:
    """Whether both packages were built with equal decoders: they are tried on one picture."""
    noise = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).resize((93, 61), Image.Resampling.BICUBIC).save(stream, 'JPEG')
    with open_picture(stream.getvalue()) as image:
        return np.array_equal(_decode(stream.getvalue()), np.asarray(image))
