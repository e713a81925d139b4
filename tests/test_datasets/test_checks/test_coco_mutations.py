"""One odd entry in a COCO file is named, or the host can train and measure with it."""

import contextlib
import io
import json
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmengine.registry import init_default_scope
from toy_detector import CLASSES, SIZE, coco_content, write_coco

from mmaddp.datasets.checks.coco import check_coco_dataset

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 100),
    st.sampled_from([2**63, -(10**30), 1e308, float('nan'), float('inf'), 0.5, '', 'x', '7']),
    st.lists(st.one_of(st.integers(-99, 99), st.none(), st.text(max_size=2)), max_size=8),
    st.text(max_size=5),
    st.dictionaries(st.sampled_from(['size', 'counts']), st.one_of(st.text(), st.none())),
)
RUNS = st.lists(st.integers(-5, 4000), max_size=6)
MASKS = st.one_of(
    st.builds(lambda runs: dict(size=list(SIZE), counts=runs), RUNS),
    st.builds(lambda text: dict(size=list(SIZE), counts=text), st.text(max_size=12)),
    st.lists(st.lists(st.integers(-99, 99), max_size=9), max_size=3),
)
BOXES = st.lists(st.integers(-99, 99) | st.floats(), min_size=3, max_size=5)


@st.composite
def changes(draw):
    """List, entry, key and new value; no value takes the key away, no key the whole entry."""
    name = draw(st.sampled_from(['images', 'annotations', 'categories']))
    keys = dict(
        images=['id', 'file_name', 'height', 'width'],
        annotations=['id', 'image_id', 'category_id', 'bbox', 'area', 'iscrowd', 'segmentation'],
        categories=['id', 'name'],
    )[name]
    key = draw(st.sampled_from([*keys, None]))
    special = dict(segmentation=MASKS, bbox=BOXES).get(key, ODD)
    return name, draw(st.integers(0, 2)), key, draw(st.one_of(ODD, special, st.just('DELETE')))


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    return write_coco(tmp_path_factory.mktemp('coco'), coco_content())


def host_reads(dataset):
    """Everything that mmdetection does with the file in training and in a test."""
    from mmdet.registry import DATASETS
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    init_default_scope('mmdet')
    built = DATASETS.build(dataset)
    for index in range(len(built)):
        built[index]
    truth = COCO(f'{dataset["data_root"]}/objects.json')
    found = [
        dict(image_id=image, category_id=truth.getCatIds()[0], bbox=[8, 8, 16, 24], score=0.5)
        for image in truth.getImgIds()[:1]
    ]
    evaluation = COCOeval(truth, truth.loadRes(found), 'bbox')
    evaluation.evaluate()
    evaluation.accumulate()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(change=changes())
def test_a_file_that_passes_can_be_read(dataset, change):
    name, number, key, value = change
    content = coco_content()
    if key is None:
        content[name][number] = value
    elif value == 'DELETE':
        content[name][number].pop(key, None)
    else:
        content[name][number][key] = value
    file = f'{dataset["data_root"]}/objects.json'
    with open(file, 'w', encoding='utf-8') as stream:
        json.dump(content, stream)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            check_coco_dataset(dataset, 'val_dataloader.dataset')
        except ValueError as error:
            assert 'objects.json' in str(error)
            return
        with contextlib.redirect_stdout(io.StringIO()):
            host_reads(dataset | dict(metainfo=dict(classes=CLASSES)))
