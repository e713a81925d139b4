"""Files that the page shows, and that its users take away."""

import io
import json
import tempfile
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gradio.processing_utils import hash_bytes
from gradio.utils import get_upload_folder
from PIL import Image
from torch import Tensor

from mmaddp.visualization.trajectory import save_animation


def keep_file(name: str, content: bytes) -> str:
    """Write a file to where gradio would copy it, and whence it removes it after a while.

    It is named after its content and is complete or absent, since two users may ask for the same:
    gradio's own writing of pictures would cut off what is just being sent.

    Args:
        name (str): Of the file.
        content (bytes): Its content.

    Returns:
        str: Its path.
    """
    file = Path(get_upload_folder()) / hash_bytes(content) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    # Not atomic_path, which remembers every folder that it has written to.
    unfinished = file.with_name(f'.{uuid.uuid4().hex}')
    unfinished.write_bytes(content)
    unfinished.replace(file)
    return str(file)


def keep_picture(pixels: np.ndarray, name: str = 'picture') -> str:
    """Write a picture (H, W, 3), RGB, uint8, as PNG; return the file."""
    return keep_file(f'{name}.png', png_bytes(pixels))


def keep_zip(name: str, pictures: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> str:
    """Write pictures as PNG, and what is known of them, into one file.

    Args:
        name (str): Of the file, without its ending.
        pictures (Mapping): Name without ending -> RGB, uint8, (H, W, 3).
        about (Mapping): Goes into ``about.json``.

    Returns:
        str: The file.
    """
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, 'w') as archive:
        for title, pixels in pictures.items():
            archive.writestr(f'{title}.png', png_bytes(pixels))
        archive.writestr('about.json', json.dumps(about, indent=2))
    return keep_file(f'{name}.zip', whole.getvalue())


def numbered(name: str, pictures: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Pictures by the names ``{name}_000``, ``{name}_001``, ..."""
    return {f'{name}_{number:03}': pixels for number, pixels in enumerate(pictures)}


def png_bytes(pixels: np.ndarray) -> bytes:
    """A picture (H, W, 3), RGB, uint8, as the bytes of a PNG file."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format='PNG')
    return content.getvalue()


def keep_animation(name: str, frames: Sequence[Tensor], zoom: int) -> str:
    """Write an animation.

    Args:
        name (str): Of the file, without its ending.
        frames (Sequence[Tensor]): RGB in [0, 1], each of shape (3, H, W).
        zoom (int): Pixels per pixel of a frame, along each side.

    Returns:
        str: The file, a WebP.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f'{name}.webp'
        save_animation(frames, file, zoom=zoom)
        return keep_file(file.name, file.read_bytes())
