"""Samples of every form of file are read as they are, and mapped to one range."""

import io
import sys

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from mmaddp.datasets.channels import LoadChannels
from mmaddp.datasets.samples import decode_samples, encode_samples

RNG = np.random.default_rng(0)
BYTES, RGB = (RNG.integers(0, 256, (9, 7, count), np.uint8) for count in (1, 3))
DEEP, DEEP_RGB, BANDS = (RNG.integers(0, 65536, (9, 7, count), np.uint16) for count in (1, 3, 5))
FLOATS = RNG.random((9, 7, 6)).astype(np.float32)
FIRST = np.moveaxis(BANDS, -1, 0)
FLAT = dict(photometric='minisblack', planarconfig='contig')


def tiff(samples, **form):
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, **form)
    return stream.getvalue()


def png(samples):
    stream = io.BytesIO()
    Image.fromarray(samples).save(stream, 'PNG')
    return stream.getvalue()


FORMS = {
    'grey': (png(BYTES[..., 0]), BYTES),
    'RGB': (png(RGB), RGB),
    'opacity': (png(np.concatenate([RGB, BYTES], axis=-1)), RGB),
    'grey, 16 bits': (png(DEEP[..., 0]), DEEP),
    'grey TIFF, 16 bits': (tiff(DEEP[..., 0]), DEEP),
    'RGB, 16 bits': (cv2.imencode('.png', DEEP_RGB[..., ::-1])[1].tobytes(), DEEP_RGB),
    'RGB TIFF, 16 bits': (tiff(DEEP_RGB, photometric='rgb'), DEEP_RGB),
    'bands side by side': (tiff(BANDS, **FLAT), BANDS),
    'planes': (tiff(FIRST, photometric='minisblack', planarconfig='separate'), BANDS),
    'pages': (tiff(FIRST), BANDS),
    'ImageJ': (tiff(FIRST, imagej=True, metadata=dict(axes='CYX')), BANDS),
    'four bands of 8 bits': (tiff(np.concatenate([RGB, BYTES], -1), **FLAT), None),
    'RGB and a band': (
        tiff(np.concatenate([RGB, BYTES], -1), photometric='rgb', extrasamples=['unspecified']),
        None,
    ),
    'RGB and opacity': (
        tiff(np.concatenate([RGB, BYTES], -1), photometric='rgb', extrasamples=['unassalpha']),
        RGB,
    ),
    'floating point': (tiff(FLOATS, compression='zlib', **FLAT), FLOATS),
}


@pytest.mark.parametrize('form', FORMS)
def test_samples_are_read_as_they_are(form):
    content, expected = FORMS[form]
    expected = np.concatenate([RGB, BYTES], -1) if expected is None else expected
    found = decode_samples(content)
    assert found.dtype == expected.dtype and np.array_equal(found, expected)


@pytest.mark.parametrize('samples', [BYTES, RGB, DEEP, DEEP_RGB, BANDS, FLOATS, FLOATS[..., :1]])
def test_samples_are_written_without_loss(samples):
    content, suffix = encode_samples(samples)
    assert np.array_equal(decode_samples(content), samples)
    as_png = any(samples is known for known in (BYTES, RGB, DEEP))
    assert suffix == ('.png' if as_png else '.tif')


@pytest.mark.parametrize(
    'content', [b'nothing', tiff(BANDS, **FLAT)[:150], png(RGB)[:60]], ids=['text', 'TIFF', 'PNG']
)
def test_damaged_files_are_refused(tmp_path, content):
    file = tmp_path / 'a.tif'
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r'Cannot read the image .*a\.tif'):
        LoadChannels(5)(dict(img_path=str(file)))


def test_ranges_are_mapped_and_clipped():
    deep = np.array([[100, 150, 300]], np.uint16)
    assert LoadChannels(1, (100, 200)).convert(deep).tolist() == [[0, 127.5, 255]]
    assert LoadChannels(1).convert(np.array([[257 * 7]], np.uint16)).tolist() == [[7]]
    ends = ([0] * 5, [1, 2, 3, 4, 5])
    found = LoadChannels(5, ends).convert(np.ones((1, 1, 5), np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0, 0], [255, 127.5, 85, 63.75, 51], rtol=1e-6)
    assert np.array_equal(LoadChannels(1, (0, 1)).convert(BYTES), BYTES[..., 0])


def test_grey_and_coloured_pictures_become_each_other():
    assert np.array_equal(LoadChannels(3).convert(BYTES), BYTES.repeat(3, axis=-1))
    grey = LoadChannels(1).convert(RGB)
    expected = np.asarray(Image.fromarray(RGB).convert('L'))
    assert abs(grey.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    'settings, samples, message',
    [
        (dict(num_channels=3), BANDS, 'has 5 channels, but 3 are expected'),
        (dict(num_channels=6), FLOATS, 'have no defined range'),
        (dict(num_channels=5, value_range=([0, 0], [1, 1])), BANDS, 'a range for each of 2'),
        (dict(num_channels=1), np.full((2, 2), -1), r'\(-1\.\.-1\) have no defined range'),
    ],
)
def test_what_does_not_fit_is_refused(settings, samples, message):
    with pytest.raises(ValueError, match=message):
        LoadChannels(**settings).convert(samples)


@pytest.mark.parametrize('settings', [dict(num_channels=0), dict(value_range=(5, 5))])
def test_settings_are_checked(settings):
    with pytest.raises(ValueError, match=r'num_channels must be|value_range must ascend'):
        LoadChannels(**settings)


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'tifffile', None)
    assert np.array_equal(decode_samples(FORMS['grey TIFF, 16 bits'][0]), DEEP)
    with pytest.raises(ValueError, match=r'pip install "mmaddp\[channels\]"'):
        decode_samples(FORMS['planes'][0])
