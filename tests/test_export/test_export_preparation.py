"""What is said of a pipeline, and what the example makes of it."""

import exports  # noqa: F401, puts the examples on the path
import numpy as np
import pytest
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from mmaddp.export.preparation import steps_of

from pictures import resized  # isort: skip

PIPELINES = [
    [
        dict(type='ResizeEdge', scale=32, backend='pillow', interpolation='bicubic'),
        dict(type='CenterCrop', crop_size=32),
    ],
    [dict(type='ResizeEdge', scale=40, edge='long', backend='cv2')],
    [dict(type='Resize', scale=(64, 32), keep_ratio=True, backend='pillow')],
    [dict(type='Resize', scale=(64, 32), keep_ratio=True)],
    [dict(type='Resize', scale=(40, 30))],
]


@pytest.mark.parametrize('size', [(45, 81), (70, 51)])
@pytest.mark.parametrize('pipeline', PIPELINES, ids=range(len(PIPELINES)))
def test_example_prepares_as_the_pipeline(pipeline, size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        expected = Compose(pipeline)(dict(img=pixels, img_shape=size))['img']
    found = resized(pixels, steps_of(pipeline))
    assert found.shape == expected.shape
    # OpenCV computes with 11 binary digits.
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_unknown_transforms_are_not_described():
    assert steps_of([dict(type='mmaddp.LoadRGBImage'), dict(type='Solarize', thr=3)]) is None
    assert steps_of([dict(type='LoadImageFromFile'), dict(type='PackInputs')]) == []
    with pytest.raises(ValueError, match='not described'):
        resized(np.zeros((2, 2, 3), np.uint8), None)
