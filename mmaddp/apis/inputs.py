"""Images as users pass them: files, folders, addresses, arrays, Pillow images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union
from urllib.parse import urlparse

import numpy as np
from PIL import Image

from mmaddp.datasets import LoadRGBImage
from mmaddp.utils.listing import list_pictures
from mmaddp.utils.output_names import distinct_names, refuse_overwriting
from mmaddp.utils.web import fetch_bytes, is_url

OneImage = Union[str, Path, np.ndarray, Image.Image]
Images = Union[OneImage, Sequence[OneImage]]


@dataclass(frozen=True)
class InputImage:
    """One image.

    Attributes:
        path (Path, optional): Its file, None for anything else.
        content (np.ndarray | Image.Image, optional): The image itself.
        url (str, optional): Its address on the web; it is downloaded each time that it is read.
    """

    path: Optional[Path] = None
    content: Union[np.ndarray, Image.Image, None] = None
    url: Optional[str] = None

    def read(self, reader: Optional[LoadRGBImage] = None) -> np.ndarray:
        """Decode the image.

        Args:
            reader (LoadRGBImage, optional): How the model reads pictures. Defaults to None: 8-bit
                RGB.

        Returns:
            np.ndarray: RGB, uint8, shape (H, W, 3), or what the reader gives.

        Raises:
            OSError: Its address cannot be reached.
            ValueError: It cannot be read.
        """
        reader = reader or LoadRGBImage()
        if self.url is not None:
            return _download(self.url, reader)
        if self.path is not None:
            return reader(dict(img_path=str(self.path)))['img']
        return reader.convert(self.content)


def list_inputs(images: Images) -> list[InputImage]:
    """List the images that were passed, without reading them.

    Args:
        images (str | Path | np.ndarray | Image.Image | Sequence): A file; a folder, whose pictures
            are taken in alphabetical order, at any depth; a http(s) address; an array (H, W, 3) of
            uint8, RGB, or (H, W) or (H, W, C) for a model of pictures with other channels or more
            bits; a Pillow image; or several of these.

    Returns:
        list[InputImage]: At least one.

    Raises:
        FileNotFoundError: A file does not exist, or a folder holds no picture.
        ValueError: Nothing or something else was passed.
    """
    found = [image for item in _as_list(images) for image in _inputs_of(item)]
    if not found:
        raise ValueError('No images were given.')
    return found


def drawing_files(
    images: Images, inputs: Sequence[InputImage], out_dir: Union[str, Path]
) -> list[Path]:
    """Files for a drawing of each image, named as the images are, all different.

    Args:
        images (Images): What was passed.
        inputs (Sequence[InputImage]): What :func:`list_inputs` made of it.
        out_dir (str | Path): Folder of the drawings; for one image also a file that ends in .png.

    Raises:
        ValueError: The folder is one that the images come from, or there is one file for several.
    """
    out = Path(out_dir).expanduser()
    places = [_place(image, number) for number, image in enumerate(inputs)]
    files = [out / f'{name}.png' for name in distinct_names(places)]
    single = out.suffix.lower() == '.png' and not out.is_dir()
    if single and len(inputs) > 1:
        raise ValueError(f'{out} is one file, but there are {len(inputs)} images: give a folder.')
    files = [out] if single else files
    paths = [item for item in _as_list(images) if isinstance(item, str | Path)]
    given = [Path(item).expanduser() for item in paths if not is_url(item)]
    refuse_overwriting(files, given, 'the drawings', beside=single)
    return files


def _place(image: InputImage, number: int) -> Path:
    """What a drawing of an image is named after."""
    if image.path is not None:
        return image.path
    name = Path(urlparse(image.url).path).name if image.url else ''
    return Path(name or f'image_{number:04}')


def _download(url: str, reader: LoadRGBImage) -> np.ndarray:
    content = fetch_bytes(url)
    try:
        return reader.decode(content)
    except Exception as error:  # Pillow's decoders raise nearly every type
        raise ValueError(f'{url} ({len(content)} bytes) is no picture: {error}.') from error


def _as_list(images: Images) -> list:
    return list(images) if isinstance(images, list | tuple) else [images]


def _inputs_of(item: OneImage) -> list[InputImage]:
    if isinstance(item, Image.Image):
        return [InputImage(content=item)]
    if isinstance(item, np.ndarray):
        if item.ndim not in (2, 3) or item.dtype not in (np.uint8, np.uint16, np.float32):
            raise ValueError(
                'An array must be an RGB image (H, W, 3) of uint8, got '
                f'{item.dtype} {item.shape}; pass several images as a list.'
            )
        return [InputImage(content=item)]
    if not isinstance(item, str | Path):
        raise ValueError(
            'An image is a file, a folder, a http(s) address, an RGB array (H, W, 3) of uint8 '
            f'or a Pillow image, got {type(item).__name__}.'
        )
    if is_url(item):
        return [InputImage(url=str(item))]
    path = Path(item).expanduser()
    if path.is_dir():
        listing = list_pictures(path)
        if not listing.files:
            raise FileNotFoundError(f'There is no picture in {path}. {listing.report()}'.strip())
        return [InputImage(file) for file in listing.paths()]
    if not path.is_file():
        raise FileNotFoundError(f'There is no picture {path}, nor a folder with pictures.')
    return [InputImage(path)]
