import numpy as np
import pytest
import torch
from PIL import Image
from toy_detector import save_detector, write_detection_config
from toy_scenes import make_scenes

from mmaddp.apis import build_model, detect


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
    assert [result['path'].name for result in found] == ['a.png', 'b.jpg']
    for result, (height, width) in zip(found, ((50, 70), (64, 32))):
        number = len(result['scores'])
        assert number > 0 and (result['scores'] >= 0.06).all()
        assert (result['scores'].diff() <= 0).all()
        assert result['masks'].shape == (number, height, width)
        assert result['masks'].dtype == torch.bool
        assert result['names'] == [str(label) for label in result['labels'].tolist()]
        corners = result['bboxes']
        assert (corners >= 0).all() and (corners[:, 2] <= width).all()
        assert (corners[:, 3] <= height).all()
    for name, size in (('a', (70, 50)), ('b', (32, 64))):
        assert Image.open(tmp_path / 'out' / f'{name}.png').size == size


def test_threshold(toy, photos, tmp_path):
    pixels = np.asarray(Image.open(photos / 'a.png')).astype(int)
    (found,) = detect(photos / 'a.png', *toy, out_dir=tmp_path / 'out', score_threshold=1.0)
    assert len(found['scores']) == len(found['bboxes']) == len(found['names']) == 0
    clear = np.asarray(Image.open(tmp_path / 'out' / 'a.png'))
    assert abs(clear - pixels).max() <= 1
    with pytest.raises(ValueError, match='score_threshold'):
        detect(photos, *toy, score_threshold=30)


def test_files_arrays_and_pictures_give_the_same(toy, photos, tmp_path):
    model = build_model(*toy)
    files = sorted(photos.iterdir())
    pictures = [Image.open(file) for file in files]
    arrays = [np.array(picture) for picture in pictures]
    results = [
        detect(images, model, score_threshold=0.06, out_dir=tmp_path / str(number))
        for number, images in enumerate((photos, files, arrays, pictures))
    ]
    for found in results[1:]:
        for one, other in zip(found, results[0]):
            assert torch.equal(one['bboxes'], other['bboxes'])
            assert torch.equal(one['masks'], other['masks'])
    assert [found['path'] for found in results[2]] == [None, None]
    assert sorted(file.name for file in (tmp_path / '2').iterdir()) == [
        *('image_0000.png', 'image_0001.png'),
    ]
