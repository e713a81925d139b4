import io
import warnings
from typing import Optional

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.fileio import get
from PIL import Image, ImageOps

from mmaddp.registry import TRANSFORMS

UINT16_MAX = 2**16 - 1


@TRANSFORMS.register_module()
class LoadRGBImage(BaseTransform):
    """Read an image file of any common kind as 8-bit RGB, or say which file cannot be read.

    - Grey, palette, CMYK and other colour spaces are converted to RGB.
    - 16-bit samples become 8-bit ones by their high byte (257 k becomes k): the range is kept,
      nothing is clipped. 32-bit and floating-point images have no defined range and are refused.
    - Transparency is dropped, not blended with a background, as OpenCV and torchvision's image
      folders do.
    - The EXIF orientation is applied, as in mmcv's default loader, unless
      ``ignore_orientation`` is set (torchvision's image folders do not apply it).
    - Of an animation or a multi-page file the first picture counts.

    A file that is truncated or that is not an image raises an error naming it. The error leaves
    the data loader: the hosts' data sets replace only samples whose pipeline returns None.

    The channels are **RGB**, whereas mmcv's own loader gives BGR. Geometric transforms do not
    care; a preprocessor behind this loader must not swap channels (``to_rgb=False``), and colour
    transforms that assume BGR (hue, saturation, grey conversion in mmcv and mmpretrain) must be
    told so or be replaced by their torchvision versions.

    Required keys: ``img_path``. Added keys: ``img`` (H, W, 3) uint8 in 0..255, RGB;
    ``img_shape`` and ``ori_shape`` (H, W).

    Args:
        ignore_orientation (bool): Leave the EXIF orientation alone. Defaults to False.
        backend_args (dict, optional): Arguments of mmengine's file backend. Defaults to None.
    """

    def __init__(
        self, ignore_orientation: bool = False, backend_args: Optional[dict] = None
    ) -> None:
        self.ignore_orientation = ignore_orientation
        self.backend_args = None if backend_args is None else dict(backend_args)

    def transform(self, results: dict) -> dict:
        """Load the image.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: The file is no image, is damaged, or has samples of undefined range.
        """
        path = results['img_path']
        content = get(path, backend_args=self.backend_args)
        try:
            img = decode_rgb(content, self.ignore_orientation)
        except Exception as error:  # Pillow's decoders raise nearly every type
            raise ValueError(
                f'Cannot read the image {path} ({len(content)} bytes): {error}. '
                'Repair the file or take it out of the data set.'
            ) from error
        results['img'] = img
        results['img_shape'] = img.shape[:2]
        results['ori_shape'] = img.shape[:2]
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(ignore_orientation={self.ignore_orientation}, '
            f'backend_args={self.backend_args})'
        )


def decode_rgb(content: bytes, ignore_orientation: bool = False) -> np.ndarray:
    """Decode the bytes of an image file.

    Args:
        content (bytes): The file's bytes.
        ignore_orientation (bool): Leave the EXIF orientation alone. Defaults to False.

    Returns:
        np.ndarray: RGB image (H, W, 3), uint8 in 0..255, writable.
    """
    with warnings.catch_warnings():
        # "Truncated File Read" and "Corrupt EXIF data" concern metadata; damaged pixels raise.
        warnings.filterwarnings('ignore', category=UserWarning, module='PIL')
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            if not ignore_orientation:
                image = ImageOps.exif_transpose(image)
            return np.array(_to_rgb(image))


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert an image of any Pillow mode to mode ``RGB``."""
    if image.mode == 'F':
        raise ValueError('floating-point samples have no defined range; save it with 8 or 16 bits')
    if image.mode == 'I' or image.mode.startswith('I;16'):
        samples = np.asarray(image).astype(np.int64)
        if samples.min() < 0 or samples.max() > UINT16_MAX:
            raise ValueError(
                f'32-bit samples ({samples.min()}..{samples.max()}) have no defined range; '
                'save it with 8 or 16 bits'
            )
        image = Image.fromarray((samples >> 8).astype(np.uint8))
    elif 'transparency' in image.info:
        image = image.convert('RGBA')  # Pillow would warn about palettes with transparency
    return image.convert('RGB')
