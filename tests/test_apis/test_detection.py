import numpy as np
import pytest
import torch
from PIL import Image
from toy_detector import save_detector, write_detection_config
from toy_scenes import make_scenes

from mmaddp.apis import detect


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp('detect')
    config = write_detection_config(folder, make_scenes(folder / 'digits'))
    return config, save_detector(config, folder / 'toy.pth')


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / 'photos'
    folder.mkdir()
    for name, size in (('a.png', (50, 70)), ('b.jpg', (64, 32))):
        Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(folder / name)
    return folder


def test_objects_of_pictures_of_any_size(toy, photos, tmp_path):
    found = detect(photos, *toy, out_dir=tmp_path / 'out', score_threshold=0.06)
    assert [path.name for path in found] == ['a.png', 'b.jpg']
    for objects, (height, width) in zip(found.values(), ((50, 70), (64, 32))):
        assert len(objects) > 0 and (objects.scores >= 0.06).all()
        assert (objects.scores.diff() <= 0).all()
        assert objects.masks.shape == (len(objects), height, width)
        assert objects.masks.dtype == torch.bool
        corners = objects.bboxes
        assert (corners >= 0).all() and (corners[:, 2] <= width).all()
        assert (corners[:, 3] <= height).all()
    for name, size in (('a', (70, 50)), ('b', (32, 64))):
        assert Image.open(tmp_path / 'out' / f'{name}.png').size == size


def test_threshold(toy, photos, tmp_path):
    pixels = np.asarray(Image.open(photos / 'a.png')).astype(int)
    (objects,) = detect(
        photos / 'a.png', *toy, out_dir=tmp_path / 'out', score_threshold=1.0
    ).values()
    assert len(objects) == 0
    clear = np.asarray(Image.open(tmp_path / 'out' / 'a.png'))
    assert abs(clear - pixels).max() <= 1
    with pytest.raises(ValueError, match='score_threshold'):
        detect(photos, *toy, score_threshold=30)
