"""Finds pictures that the hosts' loader would read wrongly, or not at all."""

import warnings
from typing import Optional

from mmcv.transforms import BaseTransform
from mmengine.fileio import get
from PIL import Image

from mmaddp.datasets.skipping import SkipsBroken
from mmaddp.registry import TRANSFORMS
from mmaddp.utils.open_picture import open_picture

ROTATED = (5, 6, 7, 8)  # EXIF orientations that swap width and height
ORIENTATION = 0x0112
END_OF_JPEG = b'\xff\xd9'


@TRANSFORMS.register_module()
class CheckImageFile(SkipsBroken, BaseTransform):
    """Check a picture's file before the host's ``LoadImageFromFile`` reads it.

    Of a truncated file, OpenCV makes a picture padded with grey or none at all, depending on its
    version, and the host does not always name the file. The size stated in an annotation file
    is compared here too, where the file is read anyway.

    Required keys: ``img_path``; ``height`` and ``width`` where annotations state them. Where there
    is an ``img`` already, as in predictions for arrays, only its size is checked. Nothing is
    changed.

    Args:
        skip_broken (bool): Whether to pass over damaged files, in training only: each is named in
            the log, counted, and replaced by another that the data set draws. Defaults to False.
        max_aspect_ratio (float): Largest ratio of the longer to the shorter side. Beyond it, no
            pixel is left across when a picture is resized. Defaults to 100.
        backend_args (dict, optional): Arguments of mmengine's file backend. Defaults to None.
    """

    def __init__(
        self,
        skip_broken: bool = False,
        max_aspect_ratio: float = 100.0,
        backend_args: Optional[dict] = None,
    ) -> None:
        super().__init__(skip_broken)
        self.max_aspect_ratio = max_aspect_ratio
        self.backend_args = None if backend_args is None else dict(backend_args)

    def transform(self, results: dict) -> Optional[dict]:
        """Check the file.

        Returns:
            dict, optional: The input; None for a file that is passed over.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is damaged or not a picture, or its size differs from its annotations
                or is one that no model takes.
        """
        path = results.get('img_path')
        if 'img' in results:
            height, width = results['img'].shape[:2]
        else:
            try:
                width, height = self._decoded_size(path)
            except (OSError, ValueError) as error:
                return self.skip(error)
        self._check_size(path, width, height)
        stated = (results.get('width', width), results.get('height', height))
        if stated != (width, height):
            raise ValueError(
                f'{path} has {width} x {height} pixels, but its annotations say {stated[0]} x '
                f'{stated[1]}: they were made for another image.'
            )
        return results

    def _decoded_size(self, path: str) -> tuple[int, int]:
        """Width and height, upright; the whole file is read."""
        content = get(path, backend_args=self.backend_args)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings('ignore', category=UserWarning, module='PIL')
                with open_picture(content) as picture:
                    size = picture.size
                    rotated = _orientation(picture) in ROTATED
                    _read_whole(picture, content)
        except Exception as error:  # Pillow's decoders raise nearly every type
            raise ValueError(
                f'Cannot read the image {path} ({len(content)} bytes): {error}. Repair the file or '
                'take it out of the data set (in training: skip_broken=True of '
                'mmaddp.CheckImageFile).'
            ) from error
        return size[::-1] if rotated else size

    def _check_size(self, path: str, width: int, height: int) -> None:
        short, long = sorted((width, height))
        if long > self.max_aspect_ratio * short:
            raise ValueError(
                f'The image {path} has {width} x {height} pixels; its longer side must be at most '
                f'{self.max_aspect_ratio:g} times its shorter one (max_aspect_ratio of '
                'mmaddp.CheckImageFile).'
            )

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(skip_broken={self.skip_broken}, '
            f'max_aspect_ratio={self.max_aspect_ratio}, backend_args={self.backend_args})'
        )


def _orientation(picture: Image.Image) -> Optional[int]:
    if picture.format == 'PNG' and 'exif' not in picture.info:
        return None  # asking for it would unpack the picture
    try:
        return picture.getexif().get(ORIENTATION)
    except Exception:  # damaged metadata, which OpenCV ignores as well
        return None


def _read_whole(picture: Image.Image, content: bytes) -> None:
    """Find out whether a file is whole, as cheaply as its format allows."""
    if picture.format == 'PNG':
        picture.verify()  # checksums, without unpacking
        return
    if picture.format == 'JPEG':
        if content.rstrip(b'\0').endswith(END_OF_JPEG):
            return
        picture.draft(picture.mode, (1, 1))  # an eighth of the size
    picture.load()
