"""Pictures that users of the page give."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

import gradio as gr
import numpy as np
from PIL import Image

from mmaddp.datasets.loading import decode_rgb
from mmaddp.utils.fit_image import fit_image
from mmaddp.utils.images import to_uint8
from mmaddp.utils.open_picture import FORMATS, open_picture
from mmaddp.web.limits import Limits

# Least side of the picture that one paints on, in pixels of the screen.
PAINTED_SIDE = 384


def picture_upload(**settings: Any) -> gr.Image:
    """A component to drop a picture on, which gives the file as it is.

    Args:
        **settings: Those of ``gr.Image``, which would open the file, and fail without a word that
            helps, before :func:`read_upload` can look at it.
    """
    upload = gr.Image(**settings)
    upload.preprocess = _file_of  # type: ignore[method-assign]
    return upload


def _file_of(payload: Any) -> Optional[str]:
    return None if payload is None else payload.path


def read_upload(file: str, limits: Limits) -> np.ndarray:
    """Decode a picture that a user has uploaded.

    Args:
        file (str): Where the server keeps it.
        limits (Limits): What is too large is not decoded.

    Returns:
        np.ndarray: RGB, uint8, shape (H, W, 3).

    Raises:
        ValueError: It is no picture, is damaged, or is too large; the message is for the user.
    """
    name, content = Path(file).name, Path(file).read_bytes()
    try:
        with open_picture(content) as picture:
            width, height = picture.size
        if width * height <= limits.megapixels * 1e6:
            return decode_rgb(content)
    except Exception as error:  # Pillow's decoders raise nearly every type
        raise ValueError(
            f'{name} cannot be read: {error}. Give a sound file of one of the formats '
            f'{", ".join(FORMATS)}.'
        ) from error
    raise ValueError(
        f'{name} has {width} x {height} pixels: this page takes {limits.megapixels:g} million at '
        'most. Give a smaller picture.'
    )


def to_paint_on(pixels: np.ndarray, size: tuple[int, int]) -> dict:
    """Value of the editor: a picture as a model sees it, its pixels enlarged.

    Args:
        pixels (np.ndarray): RGB, uint8, shape (H, W, 3).
        size (tuple[int, int]): Height and width of the model's pictures.
    """
    zoom = -(-PAINTED_SIDE // max(size))
    shown = to_uint8(fit_image(pixels, size)).repeat(zoom, axis=0).repeat(zoom, axis=1)
    return dict(background=shown, layers=[], composite=shown)


def painted_mask(layers: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """What was painted, at the size of the model's pictures.

    Args:
        layers (Sequence[np.ndarray]): RGBA, uint8, of any size, shape (H', W', 4).
        size (tuple[int, int]): Height and width (H, W).

    Returns:
        np.ndarray: bool, shape (H, W): pixels of which a half at least is painted.

    Raises:
        ValueError: Nothing was painted.
    """
    mask = np.zeros(size, bool)
    for layer in layers:
        opacity = Image.fromarray(layer[..., 3]).resize(size[::-1], Image.Resampling.BOX)
        mask |= np.asarray(opacity) >= 128
    if not mask.any():
        raise ValueError('Nothing is painted: paint over what is to be drawn anew.')
    return mask
