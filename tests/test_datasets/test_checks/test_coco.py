import json
import warnings

import pytest
from toy_detector import CLASSES, SIZE, coco_content, write_coco

from mmaddp.datasets.checks.coco import check_coco_dataset


@pytest.fixture
def check(tmp_path):
    """Write a file after a change, check it, and return the texts of the warnings."""

    def run(change=None, split='train', **settings):
        content = coco_content()
        dataset = write_coco(tmp_path, content)
        if change is not None:
            change(content)
        (tmp_path / 'objects.json').write_text(json.dumps(content))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            check_coco_dataset({**dataset, **settings}, f'{split}_dataloader.dataset')
        return [str(warning.message) for warning in caught]

    return run


def test_sound_file_with_every_kind_of_mask_and_an_empty_image(check):
    assert check() == []


def bitmap(content):
    rows, columns = SIZE
    content['annotations'][0]['segmentation'] = [[0] * columns for _ in range(rows)]


def entry(kind, index, **values):
    def change(content):
        for key, value in values.items():
            content[kind][index][key] = value
            if value is None:
                del content[kind][index][key]

    return change


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda content: content.pop('categories'), "has no 'categories'"),
        (entry('images', 1, height=None), "has no 'height'"),
        (entry('categories', 1, name='hen'), 'has no category dog. .* cat, hen, owl'),
        (lambda content: content['categories'].reverse(), 'another order.* owl, dog, cat'),
        (entry('categories', 1, name='cat'), 'has no category dog'),
        (entry('images', 1, file_name='c.png'), r'1 of 3 images of .*the first is c\.png'),
        (entry('images', 0, width=65), r'a\.png has 64 x 48 pixels, but .* 65 x 48'),
        (entry('annotations', 2, image_id=9), 'annotation 3: its image_id is 9'),
        (entry('annotations', 2, category_id=9), 'annotation 3: its category_id is 9'),
        (entry('annotations', 1, bbox=[1, 2, 3]), r'annotation 2: its bbox is \[1, 2, 3\]'),
        (entry('annotations', 1, bbox=[1, 2, float('nan'), 3]), 'annotation 2: its bbox is'),
        (entry('annotations', 1, area=None), 'annotation 2: its area is None'),
        (entry('annotations', 1, segmentation=None), 'annotation 2: it has no segmentation'),
        (entry('annotations', 1, segmentation=dict(size=[48, 64])), 'has no counts'),
        (entry('annotations', 1, segmentation=dict(size=[64, 48])), r'\[64, 48\], its image'),
        (bitmap, 'annotation 1: its segmentation is a bitmap'),
        (lambda content: content['annotations'].clear(), 'no object of the classes cat, dog, owl'),
    ],
)
def test_what_does_not_fit_is_named(check, change, message):
    with pytest.raises(ValueError, match=rf'(?s)objects\.json.*{message}|{message}'):
        check(change)


def test_file_that_is_cut_off(tmp_path):
    dataset = write_coco(tmp_path, coco_content())
    file = tmp_path / 'objects.json'
    file.write_text(file.read_text()[:-20])
    with pytest.raises(ValueError, match=r'objects\.json is cut off or no JSON file'):
        check_coco_dataset(dataset, 'val_dataloader.dataset')


def test_classes_of_coco_by_default(check):
    with pytest.raises(ValueError, match=r'has no category person, .* cat, dog, owl'):
        check(metainfo=None)


def test_one_class_written_as_text(check):
    with pytest.raises(ValueError, match=r"write a tuple, as in \('cat',\)"):
        check(metainfo=dict(classes='cat'))


def test_categories_that_are_left_out_are_named(check):
    (message,) = check(metainfo=dict(classes=('cat', 'owl')))
    assert 'left out: dog (1)' in message


@pytest.mark.parametrize(
    'values',
    [
        dict(bbox=[8, 8, 0.5, 24]),
        dict(bbox=[70, 8, 16, 24]),
        dict(area=0),
        dict(segmentation=[[8, 8, 24, 8]]),
    ],
)
def test_degenerate_objects_are_left_out_by_the_host_and_named(check, tmp_path, values):
    (message,) = check(entry('annotations', 0, **values))
    assert '1 of 3 objects are left out' in message and 'annotations 1.' in message
    from mmdet.registry import DATASETS
    from mmengine.registry import init_default_scope

    init_default_scope('mmdet')
    content = json.loads((tmp_path / 'objects.json').read_text())
    sample = DATASETS.build(write_coco(tmp_path, content))[0]['data_samples']
    assert sample.gt_instances.labels.tolist() == [1]


def test_set_without_annotations_can_be_tested_on(check):
    assert check(lambda content: content.pop('annotations'), split='test') == []


def test_masks_are_not_asked_for_without_need(check):
    assert check(entry('annotations', 1, segmentation=None), pipeline=[]) == []


def test_every_kind_of_mask_reaches_the_network_alike(tmp_path):
    from mmdet.registry import DATASETS
    from mmengine.registry import init_default_scope

    init_default_scope('mmdet')
    dataset = DATASETS.build(write_coco(tmp_path, coco_content()))
    masks = [mask for i in (0, 1) for mask in dataset[i]['data_samples'].gt_instances.masks.masks]
    assert len(masks) == len(CLASSES)
    for mask in masks:
        assert mask.shape == SIZE
        assert mask.sum() == 16 * 24 and mask[8:32, 8:24].all()
    assert len(dataset[2]['data_samples'].gt_instances) == 0
