"""Generated pictures of any kind are written, read, and shown to the metrics as RGB."""

import numpy as np
import pytest
import torch

from mmaddp.datasets.samples import decode_samples
from mmaddp.engine.generation.picture_files import PictureFiles


@pytest.mark.parametrize(
    'channels, value_range, suffix',
    [
        (1, None, '.png'),
        (3, None, '.png'),
        (5, None, '.tif'),
        (1, [1000, 5000], '.png'),
        (2, [[0, 100], [1000, 300]], '.tif'),
    ],
)
def test_pictures_come_back(tmp_path, channels, value_range, suffix):
    files = PictureFiles(channels, value_range)
    images = torch.rand(2, channels, 6, 7, generator=torch.Generator().manual_seed(0))
    samples = files.quantize(images)
    assert files.suffix == suffix
    path = tmp_path / f'0{suffix}'
    files.save(samples[0], path)
    found = files.read(path)
    assert np.array_equal(np.moveaxis(found, -1, 0), samples[0].numpy())
    shown = files.shown(samples)
    assert shown.dtype == torch.uint8 and shown.shape == (2, 3, 6, 7)
    step = 1 / 255 if value_range is None else 1 / 200
    assert (shown[:, 0] / 255 - images[:, 0]).abs().max() <= step + 1 / 255
    stored = decode_samples(path.read_bytes())
    if value_range is not None:
        low, high = (np.ravel(end) for end in value_range)
        assert stored.dtype == np.uint16
        assert (stored >= low).all() and (stored <= high).all()
    path.write_bytes(path.read_bytes()[:-20])
    assert files.read(path) is None
    assert PictureFiles(4).read(path) is None
