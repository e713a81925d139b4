"""Samples of every task as the network gets them."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from toy_scenes import ROOT, SIDE, make_scenes, write_segmentation_config

from mmaddp.run.config import read_config
from mmaddp.visualization.browsing import browse, preprocessor_settings, restore_pixels

pytest.importorskip('mmseg')


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_scenes(tmp_path_factory.mktemp('browse') / 'digits')


def read(files):
    return [np.asarray(Image.open(file)) for file in files]


def plain_digits(data, augments=None):
    """Classification of digits, nothing augmented but what ``augments`` says."""
    loader = dict(
        batch_size=4,
        num_workers=0,
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type='CustomDataset',
            data_root=str(data / 'classification' / 'train'),
            classes=[f'digit {i}' for i in range(10)],
            pipeline=[dict(type='LoadImageFromFile'), dict(type='PackInputs')],
        ),
    )
    mean_std = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
    return Config(
        dict(
            default_scope='mmpretrain',
            model=dict(type='ImageClassifier', train_cfg=augments),
            data_preprocessor=dict(num_classes=10, to_rgb=True, **mean_std),
            visualizer=dict(type='UniversalVisualizer'),
            train_dataloader=loader,
        )
    )


def test_segmentation_draws_label_maps_over_the_pixels(data, tmp_path):
    config = read_config(write_segmentation_config(tmp_path, data))
    config.visualizer.alpha = 0.0
    files = browse(config, 'val', 9, tmp_path / 'plain')
    assert [file.name[:5] for file in files] == ['0000_', '0001_', '0002_']
    sources = sorted((data / 'segmentation/images/validation').iterdir())
    for shown, source in zip(read(files), read(sources)):
        # With transparent labels the picture itself is left, its colours in order.
        assert abs(shown.astype(int) - source).max() <= 1
    config.visualizer.alpha = 1.0
    labels = read(sorted((data / 'segmentation/annotations/validation').iterdir()))
    for shown, label in zip(read(browse(config, 'val', 3, tmp_path / 'maps')), labels):
        # But for the names of the classes: black where ignored, else the colour of the class.
        colours = np.array([[0, 0, 0], *config.val_dataloader.dataset.metainfo.palette])[label]
        assert (shown == colours).all(-1).mean() > 0.5
        assert (shown == colours).all(-1)[label == 0].mean() > 0.5


def test_segmentation_shows_the_crop_of_training(data, tmp_path):
    config = read_config(write_segmentation_config(tmp_path, data))
    pipeline = config.train_dataloader.dataset.dataset.pipeline
    (crop,) = [step for step in pipeline if step.type == 'RandomCrop']
    crop.crop_size = (32, 32)
    (shown, *_) = read(browse(config, 'train', 2, tmp_path / 'out'))
    assert shown.shape == (32, 32, 3)


def test_classification_writes_the_label(data, tmp_path):
    (file, *_) = browse(plain_digits(data), 'train', 2, tmp_path)
    source = next(iter((data / 'classification/train/0').glob(f'{file.name[5:-4]}.png')))
    assert (read([file])[0] != read([source])[0]).any()


def test_mixing_is_seen(data, tmp_path):
    config = plain_digits(data, dict(augments=dict(type='Mixup', alpha=5.0)))
    assert preprocessor_settings(config)['batch_augments'] == config.model.train_cfg
    config.visualizer = dict(type='UniversalVisualizer')
    torch.manual_seed(0)
    mixed, plain = (
        read(browse(cfg, 'train', 4, tmp_path / name))
        for name, cfg in (('mixed', config), ('plain', plain_digits(data)))
    )
    assert any((a[-6:] != b[-6:]).any() for a, b in zip(mixed, plain))


def test_detection_draws_boxes(data, tmp_path):
    pytest.importorskip('mmdet')
    loader = dict(
        batch_size=2,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type='CocoDataset',
            data_root=str(data / 'detection'),
            ann_file='annotations/instances_train.json',
            data_prefix=dict(img='train/'),
            metainfo=dict(classes=tuple('0123456789')),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
                dict(type='PackDetInputs'),
            ],
        ),
    )
    preprocessor = dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_mask=True,
        pad_size_divisor=48,
    )
    config = Config(
        dict(
            default_scope='mmdet',
            model=dict(type='MaskRCNN', data_preprocessor=preprocessor),
            visualizer=dict(type='DetLocalVisualizer'),
            train_dataloader=loader,
        )
    )
    files = browse(config, 'train', 4, tmp_path)
    assert len(files) == 4
    for shown, source in zip(read(files), read(sorted((data / 'detection/train').iterdir()))):
        assert shown.shape == (96, 96, 3)
        changed = (abs(shown[:SIDE, :SIDE].astype(int) - source) > 20).any(-1)
        assert 0 < changed.mean() < 0.9


def test_pretraining_shows_the_images_alone(data, tmp_path):
    file = ROOT / 'tests' / 'test_tools' / 'toy_addp.py'
    root = str(data / 'classification' / 'train')
    options = {
        'train_dataloader.dataset.dataset.data_root': root,
        'visualizer.type': 'UniversalVisualizer',
    }
    shown = read(browse(read_config(file, options), 'train', 3, tmp_path))
    assert len(shown) == 3 and len({picture.shape for picture in shown}) == 1
    assert all(picture.max() > 200 and picture.min() < 50 for picture in shown)


def test_pixels_come_back_exactly():
    from mmseg.models import SegDataPreProcessor

    image = torch.arange(256, dtype=torch.uint8).repeat(3, 1).reshape(3, 16, 16)
    image = torch.stack((image[0], image[1].flip(0), image[2].T))
    mean_std = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
    for swap in (True, False):
        preprocessor = SegDataPreProcessor(bgr_to_rgb=swap, **mean_std)
        out = preprocessor(dict(inputs=[image]), training=False)['inputs'][0]
        wanted = image.flip(0) if swap else image
        for is_rgb in (True, False):
            rgb = wanted if is_rgb else wanted.flip(0)
            pixels = restore_pixels(out, preprocessor, is_rgb)
            assert np.array_equal(pixels, rgb.permute(1, 2, 0).numpy())


def test_nothing_to_draw(data, tmp_path):
    with pytest.raises(ValueError, match='at least 1'):
        browse(plain_digits(data), 'train', 0, tmp_path)
    config = plain_digits(data)
    config.visualizer = dict(type='Visualizer')
    with pytest.raises(ValueError, match='visualizer'):
        browse(config, 'train', 1, tmp_path)


def test_data_are_not_written_over(data, tmp_path):
    source = data / 'classification' / 'train' / '0'
    before = sorted(source.iterdir())
    with pytest.raises(ValueError, match='choose another place for --out'):
        browse(plain_digits(data), 'train', 2, source)
    config = read_config(write_segmentation_config(tmp_path, data))
    with pytest.raises(ValueError, match='choose another place for --out'):
        browse(config, 'val', 2, data / 'segmentation' / 'annotations' / 'validation')
    assert sorted(source.iterdir()) == before
