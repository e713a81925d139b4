import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from PIL import Image

from mmaddp.datasets import SampleIndex
from mmaddp.datasets.preparation.pipeline import prepare
from mmaddp.datasets.preparation.sources import load_digits_source

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs' / '_base_' / 'datasets'
NAMES = ('imagenet_256px', 'folder_256px', 'digits_32px')


def load(name, data_root):
    """The data loader of a file, on other data and without workers."""
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    loader = cfg.get('train_dataloader') or cfg.val_dataloader
    loader.dataset.dataset.data_root = str(data_root)
    loader.update(num_workers=0, persistent_workers=False, batch_size=2)
    return loader


def build(loader, seed=0):
    init_default_scope('mmpretrain')
    return Runner.build_dataloader(loader, seed=seed)


def save(path, height, width, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize('name', NAMES)
def test_files_do_not_collide(name):
    """A config may list the training and the validation file side by side."""
    train = Config.fromfile(CONFIGS / f'{name}.py')
    val = Config.fromfile(CONFIGS / f'{name}_val.py')
    assert set(train) == {'train_pipeline', 'train_dataloader', 'data_preprocessor'}
    assert set(val) == {'val_pipeline', 'val_dataloader', 'test_dataloader'}
    assert train.train_dataloader.dataset.dataset.pipeline == train.train_pipeline
    assert val.val_dataloader.dataset.dataset.pipeline == val.val_pipeline
    assert train.train_dataloader.drop_last


def test_imagenet_numbers():
    cfg = Config.fromfile(CONFIGS / 'imagenet_256px.py')
    crop, flip = cfg.train_pipeline[1:3]
    assert crop.scale == 256 and crop.crop_ratio_range == (0.2, 1.0)
    assert (crop.interpolation, crop.backend, flip.prob) == ('bicubic', 'pillow', 0.5)
    assert 'aspect_ratio_range' not in crop  # the default, 3/4 to 4/3
    assert 8 * cfg.train_dataloader.batch_size == 4096


@pytest.fixture
def mixed_folder(tmp_path):
    """Flat and nested, larger and much smaller than the crop, very long, grey; and no image."""
    save(tmp_path / 'large.jpg', 300, 400)
    save(tmp_path / 'small.png', 20, 30)
    save(tmp_path / 'one.bmp', 1, 1)
    save(tmp_path / 'sub' / 'deeper' / 'long.webp', 40, 900)
    Image.fromarray(np.zeros((50, 50), np.uint8)).save(tmp_path / 'sub' / 'grey.TIF')
    (tmp_path / 'notes.txt').write_text('no image')
    return tmp_path


@pytest.mark.parametrize('name', ['folder_256px', 'folder_256px_val'])
def test_folder_of_any_images(mixed_folder, name):
    loader = load(name, mixed_folder)
    loader.update(batch_size=5)
    (batch,) = list(build(loader))
    assert batch['inputs'].shape == (5, 3, 256, 256) and batch['inputs'].dtype == torch.uint8
    names = sorted(Path(sample.img_path).name for sample in batch['data_samples'])
    assert names == ['grey.TIF', 'large.jpg', 'long.webp', 'one.bmp', 'small.png']


@pytest.mark.parametrize('name', ['folder_256px', 'folder_256px_val'])
def test_empty_or_absent_folder(tmp_path, name):
    (tmp_path / 'notes.txt').write_text('no image')
    with pytest.raises(ValueError, match='holds no picture') as error:
        build(load(name, tmp_path))
    assert str(tmp_path) in str(error.value)
    with pytest.raises(FileNotFoundError, match='absent'):
        build(load(name, tmp_path / 'absent'))


def test_truncated_image_stops_training(mixed_folder):
    path = mixed_folder / 'large.jpg'
    path.write_bytes(path.read_bytes()[:2000])
    loader = load('folder_256px', mixed_folder)
    loader.update(batch_size=5)
    with pytest.raises(ValueError, match=r'large\.jpg'):
        list(build(loader))


def test_imagenet(tmp_path):
    for split in ('train', 'val'):
        for i in range(4):
            save(tmp_path / split / f'n{i % 2:08}' / f'{i}.JPEG', 40 + i, 60, seed=i)
    names = tuple(f'n{i:08}' for i in range(2))
    for name in ('imagenet_256px', 'imagenet_256px_val'):
        loader = load(name, tmp_path)
        loader.dataset.dataset.metainfo = dict(classes=names)
        for batch in build(loader):
            assert batch['inputs'].shape == (2, 3, 256, 256)
            assert all(int(sample.gt_label) < 2 for sample in batch['data_samples'])


@pytest.fixture(scope='module')
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp('data') / 'digits'
    prepare(path, load_digits_source(), 'digits', 32, 64, dict(train=1, val=1))
    return path / 'classification'


def test_digits(digits):
    train, val = build(load('digits_32px', digits)), build(load('digits_32px_val', digits))
    assert len(train.dataset) == 1438 and len(val.dataset) == 359
    assert train.dataset.metainfo['classes'] == tuple('0123456789')
    image = val.dataset[7]['inputs']
    path = val.dataset.get_data_info(7)['img_path']
    assert torch.equal(image, torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1))


def test_digits_are_turned_and_shifted_a_little(digits):
    dataset = build(load('digits_32px', digits)).dataset
    path = dataset.get_data_info(3)['img_path']
    original = np.array(Image.open(path))[..., 0].astype(float)

    def centre(image):
        return np.array([(image * axis).sum() for axis in np.indices(image.shape)]) / image.sum()

    shifts, kept = [], []
    for epoch in range(40):
        image = dataset[SampleIndex(3, epoch)]['inputs']
        assert image.shape == (3, 32, 32) and (image[0] == image[1]).all()
        grey = image[0].numpy().astype(float)
        shifts.append(centre(grey) - centre(original))
        kept.append(grey.sum() / original.sum())
    shifts = np.abs(shifts)
    assert 0.5 < shifts.max() < 3.5 and len(np.unique(shifts, axis=0)) > 30
    assert min(kept) > 0.9  # little ink leaves the picture


def test_seed_is_the_runners(digits):
    """Also where every rank has a seed of its own, when the Runner passes none to the sampler."""
    orders = []
    for seed, diff_rank_seed in ((5, False), (5, True), (6, True)):
        loader = load('digits_32px', digits)
        torch.manual_seed(seed)
        torch.rand(3)
        init_default_scope('mmpretrain')
        loader = Runner.build_dataloader(loader, seed=seed, diff_rank_seed=diff_rank_seed)
        orders.append(list(loader.sampler))
    assert orders[0] == orders[1] != orders[2]


def documented(page, word, folder):
    """The configuration in a page that holds a word."""
    text = (ROOT / page).read_text()
    (block,) = [part for part in re.findall(r'```python\n(.*?)```', text, re.S) if word in part]
    file = folder / f'{word}.py'
    file.write_text(block)
    return Config.fromfile(file)


def test_own_images_of_the_page_are_those_of_the_base_file(tmp_path):
    own = documented('docs/pretraining.md', 'my_images', tmp_path).train_dataloader.dataset.dataset
    base = Config.fromfile(CONFIGS / 'folder_256px.py').train_dataloader.dataset.dataset
    assert own.pop('data_root') == 'my_images' and base.pop('data_root')
    assert own.to_dict() == base.to_dict()


def test_own_pictures_stand_upright(tmp_path):
    """A camera's orientation counts in every example of the docs."""
    pets = documented('docs/classification.md', 'my_pets', tmp_path)
    images = documented('docs/pretraining.md', 'my_images', tmp_path)
    for loader in (pets.train_dataloader, pets.val_dataloader, images.train_dataloader):
        first, *others = loader.dataset.dataset.pipeline
        assert first == dict(type='mmaddp.LoadRGBImage')
        assert not any('Load' in step.type for step in others)
