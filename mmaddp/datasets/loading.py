"""Image files of any kind as 8-bit RGB."""

import warnings
from typing import Optional, Union

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.fileio import get
from PIL import ExifTags, Image, ImageOps

from mmaddp.datasets.quick_jpeg import decode_jpeg
from mmaddp.datasets.skipping import SkipsBroken
from mmaddp.registry import TRANSFORMS
from mmaddp.utils.open_picture import open_picture

UINT16_MAX = 2**16 - 1


@TRANSFORMS.register_module()
class LoadRGBImage(SkipsBroken, BaseTransform):
    """Read an image file of any common kind as 8-bit RGB, or say which file cannot be read.

    - Grey, palette, CMYK and other colour spaces are converted to RGB.
    - 16-bit samples become 8-bit ones by their high byte (257 k becomes k): the range is kept,
      nothing is clipped. 32-bit and floating-point images have no defined range and are refused.
    - Transparency is dropped, not blended with a background, as OpenCV and torchvision's image
      folders do.
    - The EXIF orientation is applied, as in mmcv's default loader, unless
      ``ignore_orientation`` is set (torchvision's image folders do not apply it).
    - Of an animation or a multi-page file, the first picture is read.
    - Formats and largest size are those of :func:`mmaddp.utils.open_picture.open_picture`.

    A file that is truncated or that is not an image raises an error naming it, which ends the run.
    With ``skip_broken`` it is named in the log, counted, and replaced by another image that the
    host's data set draws; that is for training, since it changes what a test measures.

    The channels are **RGB**, whereas mmcv's own loader gives BGR. Geometric transforms do not
    care; a preprocessor behind this loader must not swap channels (``to_rgb=False``), and colour
    transforms that assume BGR (hue, saturation, grey conversion in mmcv and mmpretrain) must be
    told so or be replaced by their torchvision versions.

    Required keys: ``img_path``; ``img_bytes`` where the file's bytes have been read already
    (``mmaddp.TarDataset``). Added keys: ``img`` (H, W, 3) uint8 in 0..255, RGB;
    ``img_shape`` and ``ori_shape`` (H, W).

    Args:
        ignore_orientation (bool): Leave the EXIF orientation alone. Defaults to False.
        skip_broken (bool): Whether to pass over unreadable files. Defaults to False.
        backend_args (dict, optional): Arguments of mmengine's file backend. Defaults to None.
        min_side (int, optional): JPEG files are decoded at a half, a quarter or an eighth of their
            size, as long as both sides keep this many pixels; of large photographs, that takes a
            fraction of the time, and their pixels differ a little. Defaults to None: full size.
    """

    def __init__(
        self,
        ignore_orientation: bool = False,
        skip_broken: bool = False,
        backend_args: Optional[dict] = None,
        min_side: Optional[int] = None,
    ) -> None:
        super().__init__(skip_broken)
        if min_side is not None and min_side < 1:
            raise ValueError(f'min_side must be a positive number of pixels, got {min_side}.')
        self.min_side = min_side
        self.ignore_orientation = ignore_orientation
        self.backend_args = None if backend_args is None else dict(backend_args)

    def transform(self, results: dict) -> Optional[dict]:
        """Load the image.

        Returns:
            dict, optional: None for a file that is passed over.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: The file is not an image, is damaged, or has samples of undefined range.
        """
        try:
            img = self._read(results['img_path'], results.pop('img_bytes', None))
        except (OSError, ValueError) as error:
            return self.skip(error)
        results['img'] = img
        results['img_shape'] = img.shape[:2]
        results['ori_shape'] = img.shape[:2]
        return results

    def _read(self, path: str, content: Optional[bytes] = None) -> np.ndarray:
        if content is None:
            content = get(path, backend_args=self.backend_args)
        try:
            return self.decode(content)
        except Exception as error:  # Pillow's decoders raise nearly every type
            raise ValueError(
                f'Cannot read the image {path} ({len(content)} bytes): {error}. Repair the file '
                'or take it out of the data set (in training: skip_broken=True).'
            ) from error

    def decode(self, content: bytes) -> np.ndarray:
        """The picture in a file's bytes."""
        return decode_rgb(content, self.ignore_orientation, self.min_side)

    def convert(self, picture: Union[np.ndarray, Image.Image]) -> np.ndarray:
        """A picture from memory.

        Args:
            picture (np.ndarray | Image.Image): RGB, uint8, (H, W, 3), or a Pillow image.

        Raises:
            ValueError: It is something else.
        """
        if isinstance(picture, Image.Image):
            return to_rgb_array(picture, self.ignore_orientation)
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise ValueError(
                'An array must be an RGB image (H, W, 3) of uint8, got '
                f'{picture.dtype} {picture.shape}; pass several images as a list.'
            )
        return picture

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(ignore_orientation={self.ignore_orientation}, '
            f'skip_broken={self.skip_broken}, '
            f'backend_args={self.backend_args}, min_side={self.min_side})'
        )


def decode_rgb(
    content: bytes, ignore_orientation: bool = False, min_side: Optional[int] = None
) -> np.ndarray:
    """Decode the bytes of an image file of one of the formats of ``open_picture``.

    Args:
        content (bytes): The file's bytes.
        ignore_orientation (bool): Leave the EXIF orientation alone. Defaults to False.
        min_side (int, optional): What to keep of the sides of a JPEG file, in pixels; see
            :class:`LoadRGBImage`. Defaults to None: all.

    Returns:
        np.ndarray: RGB image (H, W, 3), uint8 in 0..255, writable.
    """
    with warnings.catch_warnings():
        # "Truncated File Read" and "Corrupt EXIF data" concern metadata; damaged pixels raise.
        warnings.filterwarnings('ignore', category=UserWarning, module='PIL')
        with open_picture(content) as image:
            full_size = image.size
            if min_side is not None:
                image.draft(None, (min_side, min_side))
            upright = ignore_orientation or image.getexif().get(ExifTags.Base.Orientation, 1) == 1
            quick = upright and image.size == full_size
            pixels = decode_jpeg(content, image) if quick else None
            if pixels is not None:
                return pixels
            image.load()
            return to_rgb_array(image, ignore_orientation)


def to_rgb_array(image: Image.Image, ignore_orientation: bool = False) -> np.ndarray:
    """Convert a Pillow image of any mode, as :class:`LoadRGBImage` describes.

    Args:
        image (Image.Image): The image.
        ignore_orientation (bool): Leave the EXIF orientation alone. Defaults to False.

    Returns:
        np.ndarray: RGB image (H, W, 3), uint8 in 0..255, writable.

    Raises:
        ValueError: Its samples have no defined range.
    """
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
    return image if image.mode == 'RGB' else image.convert('RGB')
