"""The detection and segmentation sets as mmdetection and mmsegmentation read them."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmaddp.datasets.preparation.pipeline import make_scenes, prepare
from mmaddp.datasets.preparation.sources import load_digits_source

SIDE, NUM_SCENES = 64, 6


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp('data') / 'digits'
    prepare(path, load_digits_source(), 'digits', 16, SIDE, dict(train=NUM_SCENES, val=1))
    return path


@pytest.fixture(scope='module')
def scenes():
    return make_scenes(load_digits_source(), 'train', SIDE, NUM_SCENES)


def test_mmdet(folder, scenes):
    pytest.importorskip('mmdet')
    from mmdet.datasets import CocoDataset

    init_default_scope('mmdet')
    dataset = CocoDataset(
        data_root=str(folder / 'detection'),
        ann_file='annotations/instances_train.json',
        data_prefix=dict(img='train/'),
        metainfo=dict(classes=tuple('0123456789')),
        pipeline=[
            dict(type='mmaddp.LoadRGBImage'),
            dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
        ],
    )
    assert len(dataset) == NUM_SCENES
    for scene, sample in zip(scenes, dataset):
        np.testing.assert_array_equal(sample['img'], scene.image)
        np.testing.assert_array_equal(sample['gt_bboxes_labels'], scene.labels)
        np.testing.assert_array_equal(sample['gt_masks'].masks.astype(bool), scene.masks)
        boxes = sample['gt_masks'].get_bboxes('hbox').numpy()
        np.testing.assert_array_equal(sample['gt_bboxes'].numpy(), boxes)


def test_mmseg(folder, scenes):
    pytest.importorskip('mmseg')
    from mmseg.datasets import BaseSegDataset

    init_default_scope('mmseg')
    dataset = BaseSegDataset(
        data_root=str(folder / 'segmentation'),
        data_prefix=dict(img_path='images/training', seg_map_path='annotations/training'),
        img_suffix='.png',
        seg_map_suffix='.png',
        reduce_zero_label=True,
        metainfo=dict(classes=('background', *'0123456789')),
        pipeline=[dict(type='mmaddp.LoadRGBImage'), dict(type='LoadAnnotations')],
    )
    assert len(dataset) == NUM_SCENES
    for scene, sample in zip(scenes, dataset):
        expected = np.zeros((SIDE, SIDE), int)
        for mask, label in zip(scene.masks, scene.labels):
            expected[mask] = label + 1
        expected[scene.ignored] = 255
        np.testing.assert_array_equal(sample['gt_seg_map'], expected)
