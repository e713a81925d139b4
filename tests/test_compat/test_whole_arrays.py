"""Parts of arrays are resized to the same pixels, without the slow way through Pillow."""

import mmcv
import numpy as np
import pytest
from mmcv.image import geometric
from PIL import Image

import mmaddp  # noqa: F401

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


@pytest.mark.parametrize('backend', ['pillow', 'cv2'])
def test_pixels_are_those_of_a_copy(backend):
    part = PICTURE[3:30, 5:41]
    got, width, height = mmcv.imresize(part, (16, 12), True, 'bicubic', backend=backend)
    expected = geometric.imresize.__wrapped__(part, (16, 12), False, 'bicubic', backend=backend)
    np.testing.assert_array_equal(got, expected)
    assert (width, height) == (16 / 36, 12 / 27)


def test_pillow_gets_arrays_without_gaps(monkeypatch):
    seen = []
    fromarray = Image.fromarray
    monkeypatch.setattr(
        geometric.Image,
        'fromarray',
        lambda array: seen.append(array.flags.c_contiguous) or fromarray(array),
    )
    for resize in (mmcv.imresize, mmcv.image.imresize):
        resize(PICTURE[3:30, 5:41], (16, 12), backend='pillow')
    mmcv.imrescale(PICTURE[:, ::-1], 0.5, backend='pillow')
    assert seen == [True] * 3
