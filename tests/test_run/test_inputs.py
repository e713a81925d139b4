import pytest
from mmengine.config import Config
from toy_detector import coco_content, write_coco

from mmaddp.run.data_kinds import absent_paths, kind_of
from mmaddp.run.inputs import check_inputs


def loader(**dataset):
    wrapped = dict(type='SeededDataset', dataset=dict(type='CustomDataset', **dataset))
    return dict(dataset=wrapped)


def pretrained(file):
    return dict(init_cfg=dict(type='Pretrained', checkpoint=str(file)))


def test_everything_absent_is_listed_at_once(tmp_path):
    cfg = Config(
        dict(
            model=dict(backbone=pretrained('a.pth'), heads=[pretrained('b.pth')]),
            load_from='c.pth',
            train_dataloader=loader(data_root='photos'),
        )
    )
    with pytest.raises(FileNotFoundError, match='--dry-run') as error:
        check_inputs(cfg)
    for part in ('a.pth (model.backbone.init_cfg)', 'b.pth (model.heads.0.init_cfg)', 'c.pth'):
        assert f'weights {part}' in str(error.value)
    assert 'data photos (train_dataloader.dataset.dataset)' in str(error.value)


def test_what_is_there_passes(tmp_path):
    (tmp_path / 'photos' / 'cats').mkdir(parents=True)
    (tmp_path / 'photos' / 'cats' / '1.png').touch()
    (tmp_path / 'a.pth').touch()
    check_inputs(
        Config(
            dict(
                model=dict(backbone=pretrained(tmp_path / 'a.pth'), neck=pretrained('http://a/b')),
                train_dataloader=loader(data_root=str(tmp_path), data_prefix='photos'),
                val_dataloader=None,
            )
        )
    )


def test_folder_without_a_file_counts_as_absent(tmp_path):
    (tmp_path / 'empty' / 'class').mkdir(parents=True)
    assert absent_paths(dict(data_root=str(tmp_path / 'empty'))) == [str(tmp_path / 'empty')]


def test_paths_of_a_data_set(tmp_path):
    dataset = dict(data_root='r', data_prefix=dict(img='i', seg='s'), ann_file='ann.json')
    assert absent_paths(dataset) == ['r/i', 'r/s', 'r/ann.json']
    assert absent_paths(dict(data_root='r', split='val')) == ['r/val']
    assert absent_paths(dict(data_root='s3://bucket/r')) == []


def test_a_test_run_needs_no_weights_to_start_from(tmp_path):
    cfg = Config(dict(model=dict(backbone=pretrained('absent.pth'))))
    check_inputs(cfg, pretrained=False)
    with pytest.raises(FileNotFoundError):
        check_inputs(cfg)


def test_images_of_another_suffix_than_the_data_set_looks_for(tmp_path):
    pytest.importorskip('mmseg')
    for kind in ('i', 's'):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / '1.png').touch()
    prefix = dict(img_path='i', seg_map_path='s')
    dataset = dict(type='ADE20KDataset', data_root=str(tmp_path), data_prefix=prefix)
    assert kind_of(dataset).absent(dataset) == [str(tmp_path / 'i' / '*.jpg')]
    dataset['img_suffix'] = '.png'
    assert kind_of(dataset).absent(dataset) == []


def test_annotations_of_a_metric_are_looked_for(tmp_path):
    (tmp_path / 'a.txt').touch()
    metrics = [dict(type='Other'), dict(type='CocoMetric', ann_file='truth.json')]
    cfg = Config(
        dict(val_dataloader=loader(data_root=str(tmp_path)), val_evaluator=metrics, model=None)
    )
    with pytest.raises(FileNotFoundError, match=r'annotations truth\.json \(val_evaluator'):
        check_inputs(cfg, ('val_dataloader',))
    metrics[1]['ann_file'] = str(tmp_path / 'a.txt')
    check_inputs(Config(dict(cfg, val_evaluator=metrics)), ('val_dataloader',))


def test_coco_files_are_held_against_images_and_classes(tmp_path):
    dataset = write_coco(tmp_path, coco_content()) | dict(metainfo=dict(classes=('hen',)))
    cfg = Config(dict(train_dataloader=dict(dataset=dataset)))
    with pytest.raises(ValueError, match=r'objects\.json has no category hen'):
        check_inputs(cfg, ('train_dataloader',))


def test_linked_class_folders_are_not_empty(tmp_path):
    (tmp_path / 'store' / 'cats').mkdir(parents=True)
    (tmp_path / 'store' / 'cats' / '1.jpg').touch()
    (tmp_path / 'train').mkdir()
    (tmp_path / 'train' / 'cats').symlink_to(tmp_path / 'store' / 'cats', target_is_directory=True)
    dataset = dict(data_root=str(tmp_path), data_prefix='train')
    assert absent_paths(dataset) == []
    maps = dict(type='ADE20KDataset', data_root=str(tmp_path))
    maps['data_prefix'] = dict(img_path='train', seg_map_path='train')
    pytest.importorskip('mmseg')
    assert kind_of(maps).absent(dict(maps, _scope_='mmseg')) == []


def test_a_metric_reads_the_annotations_of_its_data_set(tmp_path):
    dataset = write_coco(tmp_path / 'a', coco_content())
    content = coco_content()
    content['images'][0]['id'] = 77
    for annotation in content['annotations']:
        annotation['image_id'] = 77
    write_coco(tmp_path / 'b', content)
    (tmp_path / 'copy.json').write_bytes((tmp_path / 'a' / 'objects.json').read_bytes())
    cfg = Config(dict(val_dataloader=dict(dataset=dataset), val_evaluator=dict(type='CocoMetric')))
    for same in ('a/objects.json', 'copy.json'):
        cfg.val_evaluator.ann_file = str(tmp_path / same)
        check_inputs(cfg, ('val_dataloader',))
    cfg.val_evaluator.ann_file = str(tmp_path / 'b' / 'objects.json')
    with pytest.raises(ValueError, match=r'val_evaluator\.ann_file is .*b/objects.*reads .*a/obj'):
        check_inputs(cfg, ('val_dataloader',))
