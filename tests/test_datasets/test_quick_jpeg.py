"""Pixels of the quick path are Pillow's, and it leaves alone what it must not decode."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from mmaddp.datasets.loading import decode_rgb
from mmaddp.datasets.quick_jpeg import decode_jpeg

RNG = np.random.default_rng(0)


def picture(height=61, width=83, mode='RGB'):
    noise = Image.fromarray(RNG.integers(0, 256, (9, 11, 3), np.uint8))
    return noise.resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def jpeg(image=None, **settings):
    stream = io.BytesIO()
    (image or picture()).save(stream, 'JPEG', **settings)
    return stream.getvalue()


def quick(content):
    with Image.open(io.BytesIO(content)) as image:
        return decode_jpeg(content, image)


@pytest.mark.parametrize('quality', [10, 75, 95])
@pytest.mark.parametrize('subsampling', ['4:4:4', '4:2:2', '4:2:0'])
@pytest.mark.parametrize('progressive', [False, True])
def test_pixels_are_those_of_pillow(quality, subsampling, progressive):
    for size in ((1, 1), (8, 17), (61, 83), (128, 64)):
        image = picture(*size)
        content = jpeg(image, quality=quality, subsampling=subsampling, progressive=progressive)
        pixels = quick(content)
        assert pixels.flags.c_contiguous and pixels.flags.writeable and pixels.dtype == np.uint8
        np.testing.assert_array_equal(pixels, np.asarray(Image.open(io.BytesIO(content))))
        np.testing.assert_array_equal(decode_rgb(content), pixels)


def test_grey_and_cmyk_are_left_to_pillow():
    for mode in ('L', 'CMYK'):
        content = jpeg(picture(mode=mode))
        assert quick(content) is None
        expected = Image.open(io.BytesIO(content)).convert('RGB')
        np.testing.assert_array_equal(decode_rgb(content), np.asarray(expected))


def test_other_formats_are_left_to_pillow():
    stream = io.BytesIO()
    picture().save(stream, 'PNG')
    assert quick(stream.getvalue() + b'\xff\xd9') is None


@pytest.mark.parametrize('share', [0.3, 0.6, 0.999])
def test_a_file_that_is_cut_off_is_an_error(share):
    content = jpeg()
    content = content[: int(len(content) * share)]
    with pytest.raises(OSError):
        decode_rgb(content)


def test_damage_inside_a_file_reads_as_in_pillow():
    content = bytearray(jpeg())
    content[len(content) // 2 : len(content) // 2 + 4] = b'\x00\x01\x02\x03'
    content = bytes(content)
    expected = np.asarray(Image.open(io.BytesIO(content)))
    np.testing.assert_array_equal(decode_rgb(content), expected)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_orientation(orientation):
    image = picture()
    exif = image.getexif()
    exif[0x0112] = orientation
    content = jpeg(image, exif=exif)
    stored = Image.open(io.BytesIO(content))
    np.testing.assert_array_equal(decode_rgb(content), np.asarray(ImageOps.exif_transpose(stored)))
    np.testing.assert_array_equal(decode_rgb(content, ignore_orientation=True), stored)


def test_other_decoders_are_not_used(monkeypatch):
    monkeypatch.setattr('mmaddp.datasets.quick_jpeg._decodes_as_pillow', lambda: False)
    assert quick(jpeg()) is None


def test_older_opencv(monkeypatch):
    content = jpeg()
    expected = quick(content)
    monkeypatch.setattr('mmaddp.datasets.quick_jpeg.READ_RGB', None)
    np.testing.assert_array_equal(quick(content), expected)
