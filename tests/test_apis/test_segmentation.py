import numpy as np
import pytest
import torch
from PIL import Image
from toy_scenes import make_scenes, save_segmentor, write_segmentation_config

from mmaddp.apis import segment

pytest.importorskip('mmseg')


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp('segment')
    config = write_segmentation_config(folder, folder / 'digits')
    return config, save_segmentor(config, folder / 'toy.pth')


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / 'photos'
    folder.mkdir()
    for name, size in (('a.png', (50, 70)), ('b.jpg', (64, 32))):
        Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(folder / name)
    (folder / 'notes.txt').write_text('no picture')
    return folder


def test_a_folder_of_pictures_of_any_size(toy, photos, tmp_path):
    found = segment(photos, *toy, out_dir=tmp_path / 'out')
    assert [result['path'].name for result in found] == ['a.png', 'b.jpg']
    assert [tuple(result['labels'].shape) for result in found] == [(50, 70), (64, 32)]
    for labels in (result['labels'] for result in found):
        assert labels.dtype == torch.long and labels.min() >= 0 and labels.max() < 11
    for name, size in (('a', (70, 50)), ('b', (32, 64))):
        assert Image.open(tmp_path / 'out' / f'{name}.png').size == size
    assert len(list((tmp_path / 'out').iterdir())) == 2


def test_opacity(toy, photos, tmp_path):
    pixels = np.asarray(Image.open(photos / 'a.png')).astype(int)
    segment(photos / 'a.png', *toy, out_dir=tmp_path / 'clear', opacity=0)
    clear = np.asarray(Image.open(tmp_path / 'clear' / 'a.png'))
    assert abs(clear - pixels).max() <= 1
    with pytest.raises(ValueError, match='opacity'):
        segment(photos, *toy, opacity=50)


def test_nothing_there(toy, tmp_path):
    for missing in (tmp_path / 'absent.png', tmp_path):
        with pytest.raises(FileNotFoundError, match='no picture'):
            segment(missing, *toy)


def test_drawings_of_one_name_are_all_kept(toy, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), np.uint8)
    for name, image in zip(('x/img.jpg', 'y/img.jpg', 'y/img.png'), pixels):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / name)
    segment([tmp_path / 'x', tmp_path / 'y'], *toy, out_dir=tmp_path / 'drawn')
    assert sorted(path.name for path in (tmp_path / 'drawn').iterdir()) == [
        *('img.png.png', 'x_img.jpg.png', 'y_img.jpg.png'),
    ]


def test_pictures_are_not_written_over(toy, photos):
    before = {path: path.read_bytes() for path in photos.iterdir()}
    for images in (photos, photos / 'a.png'):
        with pytest.raises(ValueError, match=r'among the files that are read.*the drawings'):
            segment(images, *toy, out_dir=photos)
    assert {path: path.read_bytes() for path in photos.iterdir()} == before


def test_damaged_picture_is_named(toy, tmp_path):
    (tmp_path / 'bad.png').write_bytes(b'\x89PNG')
    with pytest.raises(ValueError, match=r'Cannot read the image .*bad\.png'):
        segment(tmp_path / 'bad.png', *toy)


def test_same_labels_as_in_the_test_of_the_configuration(toy):
    from mmengine.config import Config
    from mmengine.registry import DATASETS

    from mmaddp.apis import build_model

    data = make_scenes(toy[0].parent / 'digits') / 'segmentation'
    cfg = Config.fromfile(toy[0])
    model = build_model(cfg, toy[1])
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    found = segment(data / 'images' / 'validation', *toy)
    assert len(found) == len(dataset) and found[0]['names'] == tuple(dataset.metainfo['classes'])
    for item, result in zip(dataset, found):
        batch = dict(inputs=[item['inputs']], data_samples=[item['data_samples']])
        with torch.no_grad():
            (sample,) = model.test_step(batch)
        assert torch.equal(sample.pred_sem_seg.data[0].cpu(), result['labels'])
