import json
import re
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
        (entry('annotations', 2, image_id=9), 'annotation 3: its image_id is 9'),
        (entry('annotations', 2, image_id=None), "id 3 has no 'image_id'"),
        (entry('annotations', 2, category_id=9), 'annotation 3: its category_id is 9'),
        (entry('annotations', 1, bbox=[1, 2, 3]), r'id 2: its bbox is \[1, 2, 3\]'),
        (entry('annotations', 1, bbox=[1, 2, float('nan'), 3]), 'id 2: its bbox is'),
        (entry('annotations', 1, bbox=[1, 2, -3, 3]), r'id 2: its bbox is \[1, 2, -3, 3\]'),
        (entry('annotations', 1, area=None), r"id 2 has no 'area'; expected a number of pixels\.$"),
        (entry('annotations', 1, area='12'), "id 2: its area is '12'"),
        (entry('annotations', 1, segmentation=None), 'annotation 2: it has no segmentation'),
        (entry('annotations', 1, segmentation=dict(size=[48, 64])), 'has no counts'),
        (entry('annotations', 1, segmentation=dict(size=[64, 48])), r'\[64, 48\], its image'),
        (entry('annotations', 0, segmentation=[[8, 8, 24, 8, 'x', 9]]), 'its segmentation holds'),
        (entry('annotations', 0, segmentation=[[8, 8, 24, None, 9, 9]]), 'its segmentation holds'),
        (bitmap, 'annotation 1: its segmentation is a bitmap'),
        (lambda content: content['annotations'].clear(), 'no object of the classes cat, dog, owl'),
        (lambda content: content.update(annotations=None), 'annotations is None; expected a list'),
        (lambda content: content.update(images={}), 'images is {}; expected a list'),
        (lambda content: content['images'].append('d.png'), "images, entry 3 is 'd.png'"),
        (entry('images', 1, id=0), 'images: the id 0 occurs twice, as entry 0 and as entry 1'),
        (entry('images', 1, id='b'), "its id is 'b'; expected a whole number"),
        (entry('images', 1, id=True), 'its id is True; expected a whole number'),
        (entry('images', 1, file_name='a.png'), "the file_name 'a.png' occurs twice"),
        (entry('images', 1, file_name=7), 'its file_name is 7; expected a text'),
        (entry('images', 1, width=64.0), r'its width is 64\.0; expected a whole number'),
        (entry('categories', 1, id=10), 'categories: the id 10 occurs twice'),
        (entry('categories', 1, id=None), "categories, entry 1 has no 'id'"),
        (entry('annotations', 1, id=1), 'annotations: the id 1 occurs twice'),
        (entry('annotations', 1, id=None), "annotations, entry 1 has no 'id'"),
    ],
)
def test_what_does_not_fit_is_named(check, change, message):
    with pytest.raises(ValueError, match=rf'(?s)objects\.json.*{message}|{message}'):
        check(change)


@pytest.mark.parametrize('name', ['/etc/passwd', '../a.png', 'x/../../a.png', '..'])
def test_image_outside_its_folder(check, name):
    with pytest.raises(ValueError, match=rf'names the image {re.escape(name)}, which is not ins'):
        check(entry('images', 0, file_name=name))


def test_ways_to_name_an_image_inside_its_folder(check, tmp_path):
    (tmp_path / 'x').mkdir()
    for name in ('./a.png', 'x/../a.png', str(tmp_path / 'a.png')):
        assert check(entry('images', 0, file_name=name)) == []


def test_names_of_windows(check):
    with pytest.raises(ValueError, match=r'first is x\\a\.png.*A backslash is part of a name'):
        check(entry('images', 0, file_name='x\\a.png'))


@pytest.mark.parametrize('crowd', [None, 2, 'no'])
def test_what_the_evaluation_needs_is_asked_for_where_there_is_one(check, crowd):
    change = entry('annotations', 1, iscrowd=crowd)
    assert check(change, split='train') == []
    for split in ('val', 'test'):
        with pytest.raises(ValueError, match=r'id 2.* iscrowd|id 2 has no .iscrowd'):
            check(change, split=split)


def test_how_many_entries_lack_a_key(check):
    def change(content):
        for annotation in content['annotations']:
            del annotation['iscrowd']

    with pytest.raises(ValueError, match=r"id 1 has no 'iscrowd'; .* 2 others lack it too"):
        check(change, split='val')


def test_an_id_that_the_evaluation_takes_for_nothing(check):
    change = entry('annotations', 1, id=0)
    assert check(change, split='train') == []
    (message,) = check(change, split='val')
    assert 'an annotation has the id 0' in message


@pytest.mark.parametrize('box', [[-3, 8, 16, 24], [8, 8, 60, 24], [8, 8, 16, 1e9]])
def test_boxes_over_the_border_are_named(check, box):
    (message,) = check(entry('annotations', 1, bbox=box))
    assert '1 of 3 objects reach over the border' in message and 'annotations 2.' in message
    assert check(entry('annotations', 1, bbox=[-0.4, 8, 64.8, 24])) == []


def run_lengths(change):
    """Both forms of a mask whose runs were changed."""
    (runs,) = [a['segmentation']['counts'] for a in coco_content()['annotations'][1:2]]
    runs = change(list(runs))
    yield 1, dict(size=list(SIZE), counts=runs)
    yield 2, dict(size=list(SIZE), counts=code(runs))


def code(runs):
    """COCO's compressed run-length code, written after its description."""
    text = ''
    for i, run in enumerate(runs):
        value, more = run - (runs[i - 2] if i > 2 else 0), True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            text += chr(48 + bits + 32 * more)
    return text


def test_run_lengths_of_an_image_pass(check):
    for index, mask in run_lengths(lambda runs: runs):
        assert check(entry('annotations', index, segmentation=mask)) == []
    assert (
        code(coco_content()['annotations'][1]['segmentation']['counts'])
        == (coco_content()['annotations'][2]['segmentation']['counts'])
    )


@pytest.mark.parametrize(
    'change',
    [
        lambda runs: runs[:-1],
        lambda runs: [*runs, 7],
        lambda runs: [runs[0] + 1, *runs[1:]],
        lambda runs: [-runs[0], 2 * runs[0] + runs[1], *runs[2:]],
        lambda runs: [],
    ],
)
def test_run_lengths_of_another_size_are_named(check, change):
    for index, mask in run_lengths(change):
        with pytest.raises(ValueError, match=rf'annotation {index + 1}: .*counts of its mask'):
            check(entry('annotations', index, segmentation=mask))


@pytest.mark.parametrize('counts', ['ö', 'P', '0`', ' 1', 'oooooooooo0', [1.5], 7, None])
def test_damaged_run_lengths_are_named(check, counts):
    mask = dict(size=list(SIZE), counts=counts)
    with pytest.raises(ValueError, match=r'annotation 2: .*counts'):
        check(entry('annotations', 1, segmentation=mask))


def test_a_byte_order_mark_is_called_by_its_name(tmp_path):
    dataset = write_coco(tmp_path, coco_content())
    file = tmp_path / 'objects.json'
    file.write_bytes(b'\xef\xbb\xbf' + file.read_bytes())
    with pytest.raises(ValueError, match=r'objects\.json begins with a byte order mark'):
        check_coco_dataset(dataset, 'val_dataloader.dataset')


@pytest.mark.parametrize('text', ['[]', '7', 'null', '[' * 100_000, '{"images": [], '])
def test_json_of_something_else(tmp_path, text):
    dataset = write_coco(tmp_path, coco_content())
    (tmp_path / 'objects.json').write_text(text)
    with pytest.raises(ValueError, match=r'objects\.json (holds a|is cut off or not)'):
        check_coco_dataset(dataset, 'val_dataloader.dataset')


def test_file_that_is_cut_off(tmp_path):
    dataset = write_coco(tmp_path, coco_content())
    file = tmp_path / 'objects.json'
    file.write_text(file.read_text()[:-20])
    with pytest.raises(ValueError, match=r'objects\.json is cut off or not a JSON file'):
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
