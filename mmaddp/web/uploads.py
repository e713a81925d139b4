"""Pictures that users of the page give."""

from pathlib import Path
from typing import Any, Optional

import gradio as gr
import numpy as np

from mmaddp.datasets.loading import decode_rgb
from mmaddp.utils.open_picture import FORMATS, open_picture
from mmaddp.web.limits import Limits


def picture_upload(**settings: Any) -> gr.Image:
    """A component to drop a picture on, which gives the file as it is.

    Args:
        **settings: Those of ``gr.Image``, which would open the file, and fail without a word that
            helps, before :func:`read_upload` can look at it.
    """
    upload = gr.Image(**settings)
    upload.preprocess = _file_of
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
