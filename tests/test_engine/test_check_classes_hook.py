"""Runs whose parts speak of different classes stop before the first batch, whatever the task."""

import json
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from toy_classification import toy_config, write_images
from toy_detector import coco_content, toy_mask_rcnn, write_coco
from toy_scenes import make_scenes, write_segmentation_config

from mmaddp.run.config import read_config
from mmaddp.run.inputs import check_inputs


@pytest.fixture
def root(tmp_path):
    return write_images(tmp_path / 'data')


@pytest.fixture
def config(root, tmp_path):
    def make(**options):
        return toy_config(root, tmp_path / 'work', **options)

    return make


def rename(root, split, old, new):
    (root / split / old).rename(root / split / new)


def train(cfg):
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def test_validation_set_of_other_classes_stops_training_before_it_starts(config, root):
    rename(root, 'val', 'dog', 'elk')
    cfg = config()
    with pytest.raises(ValueError, match=r'only train_dataloader .*has dog; only val_.*has elk'):
        train(cfg)
    assert not list((root.parent / 'work').glob('epoch_*'))


def test_joined_sets_of_other_classes(config, root):
    """The host compares them too, but says neither where nor what."""
    cfg = config()
    dataset = cfg.train_dataloader.dataset.dataset
    parts = [
        dict(dataset, classes=names) for names in (['cat', 'dog', 'owl'], ['dog', 'cat', 'owl'])
    ]
    cfg.train_dataloader.dataset.dataset = dict(type='ConcatDataset', datasets=parts)
    with pytest.raises(ValueError, match=r"datasets\.0.*class 0 is 'cat' in .*'dog' in .*sets\.1"):
        check_inputs(cfg, ('train_dataloader',), pretrained=False)


@pytest.mark.slow
def test_joined_sets_whose_differences_the_host_was_told_to_ignore(config):
    cfg = config()
    dataset = cfg.train_dataloader.dataset.dataset
    other = dict(dataset, classes=['dog', 'cat', 'owl'], ann_file='list.txt')
    Path(dataset.data_root, 'list.txt').write_text('cat/0.png 1\n')
    joined = dict(type='ConcatDataset', datasets=[dataset, other], ignore_keys='classes')
    cfg.train_dataloader.dataset.dataset = joined
    with pytest.raises(ValueError, match=r"class 0 is 'cat' in .*'dog' in train_.*list\.txt"):
        train(cfg)


@pytest.mark.slow
def test_test_set_of_other_classes_than_the_checkpoint(config, root):
    train(config())
    (checkpoint,) = (root.parent / 'work').glob('epoch_*.pth')
    cfg = config(load_from=str(checkpoint))
    assert 'accuracy/top1' in Runner.from_cfg(cfg).test()
    rename(root, 'val', 'dog', 'ant')
    cfg = config(load_from=str(checkpoint))
    with pytest.raises(ValueError, match=r'checkpoint .*epoch_1\.pth.*only test_.*has ant'):
        Runner.from_cfg(cfg).test()
    cfg = config(load_from=str(checkpoint))
    cfg.default_hooks.pop('check_classes')  # as read_config does where it is None
    assert 'accuracy/top1' in Runner.from_cfg(cfg).test()


@pytest.mark.slow
def test_a_resumed_run_keeps_its_classes_and_a_new_one_may_have_others(config, root):
    train(config())
    (checkpoint,) = (root.parent / 'work').glob('epoch_*.pth')
    for split in ('train', 'val'):
        rename(root, split, 'dog', 'ant')
    longer = {'train_cfg.max_epochs': 2, 'load_from': str(checkpoint)}
    with pytest.raises(ValueError, match=r'train_dataloader .* and the checkpoint'):
        train(config(**longer, resume=True))
    assert train(config(**longer)).epoch == 2


def test_best_five_of_three_classes_stop_before_training(config, root):
    with pytest.raises(ValueError, match=r'val_evaluator measures the best 5 of 3 classes'):
        train(config(val_evaluator=dict(type='Accuracy', topk=(1, 5))))
    assert not list((root.parent / 'work').glob('epoch_*'))


@pytest.fixture
def segmentation(tmp_path):
    """Write a configuration of the toy segmentor with changes."""
    pytest.importorskip('mmseg')
    file = write_segmentation_config(tmp_path, make_scenes(tmp_path / 'scenes'))

    def read(**options):
        return read_config(file, options, work_dir=tmp_path / 'work')

    return read


@pytest.mark.slow
@pytest.mark.parametrize('head', ['decode_head', 'auxiliary_head'])
def test_segmentation_heads_of_another_number(segmentation, head):
    cfg = segmentation(**{f'model.{head}.num_classes': 12})
    with pytest.raises(ValueError, match=rf'has 11 classes.*model\.{head}\.num_classes is 12'):
        train(cfg)


def test_segmentation_classes_as_text(segmentation):
    metainfo = dict(classes='ice', palette=[[0, 0, 0]] * 3)
    cfg = segmentation()
    cfg.train_dataloader.dataset.dataset.metainfo = metainfo
    with pytest.raises(ValueError, match=r"train_.*metainfo\.classes is the text 'ice'"):
        check_inputs(cfg, ('train_dataloader',), pretrained=False)
    with pytest.raises(ValueError, match=r"classes of train_dataloader .*is the text 'ice'"):
        train(cfg)


def test_segmentation_sets_of_other_classes(segmentation):
    cfg = segmentation()
    names = cfg.val_dataloader.dataset.metainfo.classes
    cfg.val_dataloader.dataset.metainfo.classes = [*names[1:], names[0]]
    for stop in (lambda: check_inputs(cfg, pretrained=False), lambda: train(cfg)):
        with pytest.raises(ValueError, match=r"class 0 is 'background' in train_"):
            stop()


@pytest.fixture
def detection(tmp_path):
    """Make a run of the toy detector that trains on one set and validates on another."""

    def make(model=None, **val):
        sets = {name: write_coco(tmp_path / name, coco_content()) for name in ('train', 'val')}
        sets['val'].update(val)
        truth = str(tmp_path / 'val' / 'objects.json')
        loader = dict(batch_size=1, num_workers=0, collate_fn=dict(type='pseudo_collate'))
        sampler = dict(type='DefaultSampler', shuffle=False)
        cfg = dict(
            default_scope='mmdet',
            model=model or toy_mask_rcnn(),
            train_dataloader=dict(loader, sampler=sampler, dataset=sets['train']),
            val_dataloader=dict(loader, sampler=sampler, dataset=sets['val']),
            val_evaluator=dict(type='CocoMetric', metric=['bbox', 'segm'], ann_file=truth),
            val_cfg=dict(type='ValLoop'),
            train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=1),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0)),
            work_dir=str(tmp_path / 'work'),
            log_level='WARNING',
            experiment_name=f'detection_{tmp_path.name}',
            default_hooks=dict(check_classes=dict(type='mmaddp.CheckClassesHook')),
        )
        return Config(cfg)

    return make


def test_detection_heads_of_another_number(detection):
    model = toy_mask_rcnn()
    model.roi_head.mask_head.num_classes = 4
    with pytest.raises(ValueError, match=r'3 classes.*roi_head\.mask_head\.num_classes is 4'):
        train(detection(model))


def test_detection_sets_of_other_classes(detection, tmp_path):
    cfg = detection()
    content = json.loads((tmp_path / 'val' / 'objects.json').read_text())
    content['categories'] = content['categories'][::-1]
    (tmp_path / 'val' / 'objects.json').write_text(json.dumps(content))
    cfg.val_dataloader.dataset.metainfo.classes = ('owl', 'dog', 'cat')
    for stop in (lambda: check_inputs(cfg, pretrained=False), lambda: train(cfg)):
        with pytest.raises(ValueError, match=r"class 0 is 'cat' in train_.*'owl' in val_"):
            stop()


def test_masks_of_a_detector_without_stop_before_training(detection):
    model = toy_mask_rcnn()
    model.roi_head.mask_head = None
    with pytest.raises(ValueError, match=r'val_evaluator\.metric asks for masks'):
        train(detection(model))
