"""Images as users pass them: files, folders, arrays, Pillow images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

import numpy as np
from PIL import Image

from mmaddp.datasets import LoadRGBImage
from mmaddp.datasets.loading import to_rgb_array
from mmaddp.utils.listing import list_pictures
from mmaddp.utils.output_names import distinct_names, refuse_overwriting

OneImage = Union[str, Path, np.ndarray, Image.Image]
Images = Union[OneImage, Sequence[OneImage]]


@dataclass(frozen=True)
class InputImage:
    """One image.

    Attributes:
        path (Path, optional): Its file, None for an array or a Pillow image.
        content (np.ndarray | Image.Image, optional): The image itself, where there is no file.
    """

    path: Optional[Path] = None
    content: Union[np.ndarray, Image.Image, None] = None

    def read(self, ignore_orientation: bool = False) -> np.ndarray:
        """Decode the image.

        Args:
            ignore_orientation (bool): Leave the EXIF orientation alone. Defaults to False.

        Returns:
            np.ndarray: RGB, uint8, shape (H, W, 3).

        Raises:
            ValueError: It cannot be read.
        """
        if self.path is not None:
            load = LoadRGBImage(ignore_orientation=ignore_orientation)
            return load(dict(img_path=str(self.path)))['img']
        if isinstance(self.content, np.ndarray):
            return self.content
        return to_rgb_array(self.content, ignore_orientation)


def list_inputs(images: Images) -> list[InputImage]:
    """List the images that were passed, without reading them.

    Args:
        images (str | Path | np.ndarray | Image.Image | Sequence): A file; a folder, whose pictures
            are taken in alphabetical order, at any depth; an RGB array (H, W, 3) of uint8; a
            Pillow image; or several of these.

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
        out_dir (str | Path): Folder of the drawings.

    Raises:
        ValueError: The folder is one that the images come from.
    """
    places = [image.path or Path(f'image_{i:04}') for i, image in enumerate(inputs)]
    files = [Path(out_dir) / f'{name}.png' for name in distinct_names(places)]
    given = [Path(item).expanduser() for item in _as_list(images) if isinstance(item, str | Path)]
    refuse_overwriting(files, given, 'out_dir')
    return files


def _as_list(images: Images) -> list:
    return list(images) if isinstance(images, list | tuple) else [images]


def _inputs_of(item: OneImage) -> list[InputImage]:
    if isinstance(item, Image.Image):
        return [InputImage(content=item)]
    if isinstance(item, np.ndarray):
        if item.ndim != 3 or item.shape[2] != 3 or item.dtype != np.uint8:
            raise ValueError(
                'An array must be an RGB image (H, W, 3) of uint8, got '
                f'{item.dtype} {item.shape}; pass several images as a list.'
            )
        return [InputImage(content=item)]
    if not isinstance(item, str | Path):
        raise ValueError(
            'An image is a file, a folder, an RGB array (H, W, 3) of uint8 or a Pillow image, got '
            f'{type(item).__name__}.'
        )
    path = Path(item).expanduser()
    if path.is_dir():
        listing = list_pictures(path)
        if not listing.files:
            raise FileNotFoundError(f'There is no picture in {path}. {listing.report()}'.strip())
        return [InputImage(file) for file in listing.paths()]
    if not path.is_file():
        raise FileNotFoundError(f'There is no picture {path}, nor a folder with pictures.')
    return [InputImage(path)]
