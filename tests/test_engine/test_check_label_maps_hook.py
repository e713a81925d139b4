from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.model import MMDistributedDataParallel
from mmengine.structures import PixelData
from PIL import Image

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.engine.hooks import CheckLabelMapsHook
from mmaddp.engine.hooks.check_label_maps_hook import check_files, check_values

pytest.importorskip('mmseg')
PREFIX = dict(img_path='images', seg_map_path='maps')
MODEL = SimpleNamespace(num_classes=3, decode_head=SimpleNamespace(ignore_index=255))


@pytest.fixture
def make_dataset(tmp_path):
    """A data set of three images; the label maps of the given names are there."""

    def make(names='012', prefix=PREFIX):
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
    with pytest.raises(ValueError, match='value 7'):
        check_values(wrapped, dict(data_samples=[[bad, bad]]))


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
