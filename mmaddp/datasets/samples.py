"""The samples of a picture as its file holds them: any number of channels, 8 or more bits."""

import io
import warnings
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from mmaddp.datasets.loading import UINT16_MAX, decode_rgb
from mmaddp.utils.open_picture import open_picture

_TIFF = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
_PNG = b'\x89PNG'
# Modes of Pillow that hold one channel of 8 bits at most.
_GREY = ('1', 'L', 'LA', 'La')
_DEEP = ('I', 'I;16', 'I;16B', 'I;16L', 'I;16N', 'F')
# TIFF: kinds of extra samples that are opacity.
_OPACITY = (1, 2)
# TIFF: axes of a file's pages or planes that are channels.
_CHANNEL_AXES = 'SCQ'
_BITS, _DESCRIPTION = ExifTags.Base.BitsPerSample, ExifTags.Base.ImageDescription


def decode_samples(content: bytes, ignore_orientation: bool = False) -> np.ndarray:
    """Decode the bytes of a picture without changing its range or its number of channels.

    Grey pictures have one channel; palettes, CMYK and other colour spaces become RGB; opacity is
    dropped. 16-bit RGB is read from PNG by OpenCV. What Pillow cannot read of TIFF (more than three
    channels, 16-bit RGB, channels on several pages) is read by the package ``tifffile``.

    Args:
        content (bytes): The file's bytes.
        ignore_orientation (bool): Leave the EXIF orientation alone. Defaults to False.

    Returns:
        np.ndarray: Shape (H, W, C), uint8, uint16 or float32; 32-bit integers of at most 16 bits
        are uint16.

    Raises:
        ValueError: It is not a picture, or it has other samples.
    """
    is_tiff = content[:4] in _TIFF
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', category=UserWarning, module='PIL')
        try:
            with open_picture(content) as image:
                if isinstance(image, TiffImageFile) and _beyond_pillow(image):
                    return _by_tifffile(content)
                if content[:4] == _PNG and image.mode.startswith('RGB') and content[24] == 16:
                    return _by_opencv(content)
                if image.mode in (*_GREY, *_DEEP):
                    image.load()
                    image = image if ignore_orientation else ImageOps.exif_transpose(image)
                    return _grey(image)[..., None]
        except ValueError:
            if not is_tiff:
                raise
            return _by_tifffile(content)
    return decode_rgb(content, ignore_orientation)


def _grey(image: Image.Image) -> np.ndarray:
    if image.mode in _GREY:
        return np.array(image.convert('L'))
    return as_known_samples(np.array(image))


def as_known_samples(samples: np.ndarray) -> np.ndarray:
    """Samples as uint8, uint16 or float32.

    Raises:
        ValueError: They do not fit.
    """
    if samples.dtype == np.bool_:
        return samples.astype(np.uint8) * 255
    if samples.dtype in (np.uint8, np.uint16, np.float32):
        return samples
    if samples.dtype.kind == 'f':
        return samples.astype(np.float32)
    if samples.dtype.kind in 'iu' and samples.min() >= 0 and samples.max() <= UINT16_MAX:
        return samples.astype(np.uint16)
    raise ValueError(
        f'samples of the type {samples.dtype} ({samples.min()}..{samples.max()}) have no defined '
        'range; save it with 8 or 16 bits, or as 32-bit floating point'
    )


def _by_opencv(content: bytes) -> np.ndarray:
    """16-bit RGB of a PNG file."""
    samples = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None:
        raise ValueError('it is damaged')
    return np.ascontiguousarray(samples[..., 2::-1])


def _beyond_pillow(image: TiffImageFile) -> bool:
    """Whether Pillow would lose bits or channels of a TIFF file."""
    bits = image.tag_v2.get(_BITS, (8,))
    bits = bits if isinstance(bits, Sequence) else (bits,)
    more = image.mode in ('RGB', 'RGBX') and image.tag_v2.get(ExifTags.Base.SamplesPerPixel, 3) > 3
    if more or (image.mode not in _DEEP and max(bits) > 8):
        return True
    pages = getattr(image, 'n_frames', 1)
    described = str(image.tag_v2.get(_DESCRIPTION, ''))
    return pages > 1 and ('channels=' in described or described.startswith('{"shape"'))


def _by_tifffile(content: bytes) -> np.ndarray:
    """Samples of a TIFF file, whose channels may be samples, planes or pages.

    Raises:
        ValueError: ``tifffile`` is not installed, or cannot read the file either.
    """
    tifffile = _tifffile()
    try:
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            series, page = file.series[0], file.pages[0]
            _check_pixels(page.imagewidth * page.imagelength)
            axes = series.axes if set(series.axes) <= set('YX' + _CHANNEL_AXES) else page.axes
            samples = (series if axes is series.axes else page).asarray()
            extra = sum(int(kind) in _OPACITY for kind in page.extrasamples)
    except Exception as error:  # its decoders raise nearly every type
        raise ValueError(f'it is no TIFF file that can be read: {error}') from error
    channels = [place for place, axis in enumerate(axes) if axis in _CHANNEL_AXES]
    samples = np.moveaxis(samples, channels, range(-len(channels), 0)) if channels else samples
    samples = as_known_samples(samples.reshape(*samples.shape[:2], -1))
    return np.ascontiguousarray(samples[..., : samples.shape[-1] - extra])


def encode_samples(samples: np.ndarray) -> tuple[bytes, str]:
    """Encode samples without loss: as PNG where that has a form for them, else as TIFF.

    Args:
        samples (np.ndarray): Shape (H, W, C), uint8, uint16 or float32.

    Returns:
        tuple[bytes, str]: The bytes of the file, and its suffix.

    Raises:
        ValueError: It takes the package ``tifffile``, which is not installed.
    """
    stream = io.BytesIO()
    if samples.dtype != np.float32 and samples.shape[2] == 1:
        Image.fromarray(samples[..., 0]).save(stream, 'PNG')
        return stream.getvalue(), '.png'
    if samples.shape[2] == 3 and samples.dtype == np.uint8:
        Image.fromarray(samples).save(stream, 'PNG')
        return stream.getvalue(), '.png'
    form = dict(photometric='minisblack', planarconfig='contig', compression='zlib')
    if samples.shape[2] == 1:
        samples, form['planarconfig'] = samples[..., 0], None
    _tifffile().imwrite(stream, samples, metadata=None, **form)
    return stream.getvalue(), '.tif'


def _tifffile():
    """The package; an error that says how to get it where it is absent."""
    try:
        import tifffile
    except ImportError as error:
        raise ValueError(
            'TIFF files with more than three channels, 16-bit colours or channels on several pages '
            'take a package: pip install "mmaddp[channels]"'
        ) from error
    return tifffile


def _check_pixels(number: int) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and number > limit:
        raise ValueError(f'{number} pixels exceed the limit of {limit}')
