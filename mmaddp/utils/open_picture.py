"""Opening a picture: raster formats only, up to a number of pixels."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Union

from PIL import Image, UnidentifiedImageError

# Pillow's names of the formats that are opened. Of the others some start programs (PostScript).
FORMATS = ('PNG', 'JPEG', 'WEBP', 'TIFF', 'BMP', 'DIB', 'GIF', 'PPM')
# Environment variable: largest number of pixels in a picture, for this process and its children.
LIMIT_VARIABLE = 'MMADDP_MAX_PIXELS'
_WAY_OUT = f'If the file is sound, set the environment variable {LIMIT_VARIABLE} to a higher number'


@contextmanager
def open_picture(source: Union[str, Path, bytes]) -> Iterator[Image.Image]:
    """Open a picture as Pillow does, without decoding it.

    Every reader of the project goes through here. Only the formats of ``FORMATS`` are opened,
    whatever the file is called. A picture of more pixels than the limit is refused before it is
    decoded, because a small file can hold a picture that does not fit into memory.

    Args:
        source (str | Path | bytes): A file, or its bytes.

    Yields:
        Image.Image: The picture.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not a picture in one of these formats, or it is too large. The message
            does not name the file; callers do.
    """
    raise_limit()
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        picture = Image.open(stream, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise ValueError(f'it is not a picture of the formats {", ".join(FORMATS)}') from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f'{error} {_WAY_OUT}') from error
    with picture:
        pixels, limit = picture.width * picture.height, Image.MAX_IMAGE_PIXELS
        if limit is not None and pixels > limit:
            raise ValueError(
                f'{picture.width} x {picture.height} pixels exceed the limit of {limit}. {_WAY_OUT}'
            )
        yield picture


def raise_limit() -> None:
    """Give Pillow the limit of the environment variable, if it is set.

    Raises:
        ValueError: The variable is no whole number above zero.
    """
    text = os.environ.get(LIMIT_VARIABLE)
    if not text:
        return
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f'{LIMIT_VARIABLE} must be a number of pixels above zero, not {text!r}.')
    Image.MAX_IMAGE_PIXELS = int(text)
