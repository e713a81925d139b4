"""Counting gives the histograms, and mmcv's functions the pixels, of ``np.histogram``."""

import mmcv
import numpy as np
import pytest
from mmcv.image import photometric

from mmaddp.compat.counted_histograms import histogram

RNG = np.random.default_rng(0)


@pytest.mark.parametrize('high', [1, 2, 40, 256])
def test_histogram(high):
    values = RNG.integers(256 - high, 256, (17, 30, 3), np.uint8)
    for samples in (values, values[::2, :, 1], np.arange(256, dtype=np.uint8)):
        for found, expected in zip(
            histogram(samples, 256, (0, 255)), np.histogram(samples, 256, (0, 255))
        ):
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)


def test_other_histograms_are_numpys():
    values = RNG.random(50)
    for samples, bins, limits in ((values, 256, (0, 255)), (values, 4, (0, 1))):
        found, expected = histogram(samples, bins, limits), np.histogram(samples, bins, limits)
        assert all(map(np.array_equal, found, expected))


@pytest.mark.parametrize('name', ['imequalize', 'auto_contrast', 'adjust_contrast'])
def test_pixels_are_those_of_mmcv(monkeypatch, name):
    assert photometric.np.histogram is histogram
    picture = RNG.integers(20, 200, (23, 31, 3), np.uint8)
    found = getattr(mmcv, name)(picture)
    monkeypatch.setattr(photometric, 'np', np)
    np.testing.assert_array_equal(found, getattr(mmcv, name)(picture))
