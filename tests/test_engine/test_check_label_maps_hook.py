from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.model import MMDistributedDataParallel
from mmengine.structures import PixelData
from PIL import Image

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.datasets.checks.label_values import check_files, check_values, unused_classes
from mmaddp.engine.hooks import CheckLabelMapsHook

pytest.importorskip('mmseg')
PREFIX = dict(img_path='images', seg_map_path='maps')
MODEL = SimpleNamespace(num_classes=3, decode_head=SimpleNamespace(ignore_index=255))


@pytest.fixture
def make_dataset(tmp_path):
    """A data set of three images; the label maps of the given names are there."""

    def make(names='012', prefix=PREFIX, **settings):
        from mmseg.datasets import BaseSegDataset

        for kind, stems in (('images', '012'), ('maps', names)):
            (tmp_path / kind).mkdir(exist_ok=True)
            for stem in stems:
                Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / kind / f'{stem}.png')
        return BaseSegDataset(
            data_root=str(tmp_path),
            data_prefix=prefix,
            metainfo=dict(classes=('a', 'b', 'c')),
            img_suffix='.png',
            **settings,
        )

    return make


def batch(*maps, **metainfo):
    from mmseg.structures import SegDataSample

    samples = [
        SegDataSample(
            metainfo=dict(seg_map_path=f'{index}.png', **metainfo),
            gt_sem_seg=PixelData(data=torch.tensor(values).reshape(1, 2, -1)),
        )
        for index, values in enumerate(maps)
    ]
    return dict(data_samples=samples)


def test_missing_label_maps_are_counted_and_named(make_dataset):
    dataset = make_dataset(names='0')
    with pytest.raises(FileNotFoundError, match=r'2 of 3 label maps.*maps/1\.png'):
        check_files(dataset)
    for wrapped in (ConcatDataset([dataset]), RepeatDataset(dataset, 2)):
        with pytest.raises(FileNotFoundError, match='2 of 3'):
            check_files(wrapped)


def test_complete_and_unlabelled_sets_pass(make_dataset):
    check_files(make_dataset())
    check_files(make_dataset(prefix=dict(img_path='images')))


def test_values_beyond_the_classes_name_value_and_file():
    check_values(MODEL, batch([0, 1, 2, 255], [2, 2, 2, 2]))
    with pytest.raises(ValueError, match=r'1\.png holds the value 3, but the model has 3 classes'):
        check_values(MODEL, batch([0, 1, 2, 255], [2, 3, 2, 2]))


def test_the_value_in_the_file_is_said_where_zero_is_left_out():
    with pytest.raises(ValueError, match=r'0\.png holds the value 3 \(4 in the file'):
        check_values(MODEL, batch([0, 3, 255, 255], reduce_zero_label=True))


def test_values_under_test_time_augmentation_and_wrappers():
    (bad,) = batch([0, 1, 2, 7])['data_samples']
    wrapped = MMDistributedDataParallel.__new__(MMDistributedDataParallel)
    torch.nn.Module.__init__(wrapped)
    wrapped.__dict__['module'] = MODEL
    runner = SimpleNamespace(model=wrapped)
    with pytest.raises(ValueError, match='value 7'):
        CheckLabelMapsHook().before_test_iter(runner, 0, dict(data_samples=[[bad, bad]]))


def test_models_without_label_maps_are_left_alone():
    hook, runner = CheckLabelMapsHook(), SimpleNamespace(model=torch.nn.Identity())
    loader = SimpleNamespace(dataset=[1, 2])
    runner.train_dataloader = runner.val_dataloader = runner.test_dataloader = loader
    for stage in ('train', 'val', 'test'):
        getattr(hook, f'before_{stage}')(runner)
        getattr(hook, f'before_{stage}_iter')(runner, 0, dict(inputs=[]))


def test_missing_images_are_named(make_dataset, tmp_path):
    dataset = make_dataset()
    (tmp_path / 'images' / '2.png').unlink()
    with pytest.raises(FileNotFoundError, match=r'1 of 3 images .*first is .*images/2\.png'):
        check_files(dataset)


@pytest.mark.parametrize(
    'content, message',
    [
        (b'0.png\r\n1.png\r\n', r'0\.png\.png.*names\.txt lists names with their suffix'),
        (b'\xef\xbb\xbf0\r\n1\r\n', r'1 of 2 .*names\.txt begins with a byte order mark'),
        (b'0\n7\n', r'the first is .*7\.png\. Every'),
    ],
)
def test_what_is_odd_about_a_list_of_names_is_said(make_dataset, tmp_path, content, message):
    (tmp_path / 'names.txt').write_bytes(content)
    with pytest.raises(FileNotFoundError, match=message):
        check_files(make_dataset(ann_file='names.txt'))
    (tmp_path / 'names.txt').write_bytes(b'0\r\n2\r\n')
    check_files(make_dataset(ann_file='names.txt'))


@pytest.fixture
def made_of(make_dataset, tmp_path):
    """A data set whose three label maps hold the given values."""

    def make(*values, **settings):
        dataset = make_dataset(**settings)
        for index, row in enumerate(values):
            pixels = np.resize(np.array(row, np.uint8), (4, 4))
            Image.fromarray(pixels).save(tmp_path / 'maps' / f'{index}.png')
        return dataset

    return make


@pytest.mark.parametrize('wrap', [lambda x: x, lambda x: ConcatDataset([x])])
def test_a_foreground_of_255_is_said(made_of, wrap):
    message = unused_classes(wrap(made_of([0, 255], [0], [0, 255])), 2)
    assert 'class 1 (counted' in message and '2 of them hold 255' in message
    assert '3 of 3' in message and 'maps/0.png' in message


@pytest.mark.parametrize(
    'values',
    [
        ([0, 255], [1], [0]),  # all classes are there
        ([0], [0], [0]),  # nothing is ignored
    ],
)
def test_nothing_is_said_of_sound_label_maps(made_of, values):
    assert unused_classes(made_of(*values), 2) is None


def test_zero_that_is_ignored_on_purpose_is_no_255(made_of):
    assert unused_classes(made_of([0, 1], [0], [1], reduce_zero_label=True), 2) is None
    message = unused_classes(made_of([1, 255], [0], [1], reduce_zero_label=True), 2)
    assert 'class 1 (counted' in message


def test_every_label_map_of_a_large_set_is_not_read(made_of, monkeypatch):
    monkeypatch.setattr('mmaddp.datasets.checks.label_values.MAX_MAPS', 2)
    assert 'In 2 of 3 label maps' in unused_classes(made_of([255], [1], [0]), 2)


def test_damaged_and_lossy_label_maps_are_named(made_of, tmp_path):
    dataset = made_of([0], [0], [0])
    Image.new('L', (4, 4)).save(tmp_path / 'maps' / '1.png', format='JPEG')
    with pytest.raises(ValueError, match=r'1\.png is compressed as a JPEG'):
        unused_classes(dataset, 2)
    (tmp_path / 'maps' / '1.png').write_bytes(b'')
    with pytest.raises(ValueError, match=r'Cannot read the label map .*1\.png'):
        unused_classes(dataset, 2)


def test_hook_looks_before_the_start_and_at_every_batch(make_dataset):
    hook = CheckLabelMapsHook()
    loader = SimpleNamespace(dataset=make_dataset(names=''))
    runner = SimpleNamespace(
        model=MODEL, train_dataloader=loader, val_dataloader=loader, test_dataloader=loader
    )
    for stage in ('train', 'val', 'test'):
        with pytest.raises(FileNotFoundError, match='3 of 3'):
            getattr(hook, f'before_{stage}')(runner)
        with pytest.raises(ValueError, match='value 9'):
            getattr(hook, f'before_{stage}_iter')(runner, 0, batch([0, 9]))
