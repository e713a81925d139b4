"""Classes of heads, data sets and checkpoints."""

from types import SimpleNamespace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from mmaddp.datasets.checks.classes import (
    ClassList,
    check_number,
    check_same,
    checkpoint_classes,
    class_names,
    dataset_classes,
    head_classes,
)
from mmaddp.datasets.checks.metrics import check_metrics

NAMES = st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=6).map(tuple)


@given(NAMES, NAMES)
def test_two_lists_pass_exactly_if_they_are_equal(first, second):
    lists = ClassList('train_dataloader', first), ClassList('val_dataloader', second)
    if first == second:
        check_same(*lists)
    else:
        with pytest.raises(ValueError, match=r'val_dataloader and train_dataloader have different'):
            check_same(*lists)


@given(NAMES, st.randoms())
def test_another_order_names_the_first_place_that_differs(names, random):
    other = list(names)
    random.shuffle(other)
    assume(tuple(other) != names)
    place = next(i for i, name in enumerate(names) if name != other[i])
    with pytest.raises(ValueError) as error:
        check_same(ClassList('A', names), ClassList('B', tuple(other)))
    assert f'class {place} is {names[place]!r} in A, {other[place]!r} in B' in str(error.value)


@given(NAMES, st.integers(1, 8))
def test_a_head_passes_exactly_if_its_number_is_that_of_the_names(names, number):
    heads = {'model.head.num_classes': number}
    if len(names) == number:
        check_number(heads, ClassList('train_dataloader', names))
    else:
        with pytest.raises(
            ValueError, match=rf'(?s)has {len(names)} classes.*num_classes is {number}'
        ):
            check_number(heads, ClassList('train_dataloader', names))


def test_names_that_one_list_lacks_are_said():
    with pytest.raises(ValueError, match=r'only A has dog; only B has elk, yak'):
        check_same(ClassList('A', ('cat', 'dog')), ClassList('B', ('cat', 'elk', 'yak')))


def test_a_name_that_occurs_twice_counts():
    with pytest.raises(ValueError, match="class 1 is 'b' in A, 'a' in B"):
        check_same(ClassList('A', ('a', 'b')), ClassList('B', ('a', 'a', 'b')))


def test_unknown_classes_are_not_compared():
    check_same(ClassList('A', None), ClassList('B', ('cat',)))
    check_number({'model.head.num_classes': 2}, ClassList('A', None))
    with pytest.raises(ValueError, match='labels up to 2, but'):
        check_number({'model.head.num_classes': 2}, ClassList('A', None, max_label=2))


@pytest.mark.parametrize('value', ['ice', 7, {'a': 1}, b'ab'])
def test_what_is_no_list_of_names_is_refused(value):
    with pytest.raises(ValueError, match=r'classes of x is .*tuple'):
        class_names(value, 'classes of x')


def test_a_file_of_names(tmp_path):
    (tmp_path / 'names.txt').write_text('ice\nsnow\n')
    assert class_names(str(tmp_path / 'names.txt'), 'x') == ('ice', 'snow')


def test_place_and_names_of_a_data_set():
    dataset = SimpleNamespace(metainfo=dict(classes=['a', 'b']), data_prefix=dict(img='photos'))
    found = dataset_classes(dataset, 'val_dataloader')
    assert found.names == ('a', 'b') and 'val_dataloader' in found.where and 'photos' in found.where
    with pytest.raises(ValueError, match="text 'ab'"):
        dataset_classes(SimpleNamespace(metainfo=dict(classes='ab')), 'val_dataloader')


@pytest.mark.parametrize(
    'content',
    [{}, dict(meta=None), dict(meta=[1]), dict(meta=dict(dataset_meta='x')),
     dict(meta=dict(dataset_meta=dict(classes=3))), dict(meta=dict(dataset_meta={}))],
)  # fmt: skip
def test_checkpoints_that_do_not_say(content):
    assert checkpoint_classes(content, 'a.pth') is None


@pytest.mark.parametrize('key', ['classes', 'CLASSES'])
def test_classes_of_a_checkpoint(key):
    content = dict(meta=dict(dataset_meta={key: ['cat', 'dog']}))
    assert checkpoint_classes(content, 'a.pth').names == ('cat', 'dog')


def part(**attributes):
    module = nn.Identity()
    for name, value in attributes.items():
        setattr(module, name, value)
    return module


def test_heads_of_every_host():
    model = nn.Module()
    model.backbone = part(num_classes=1000)
    model.rpn_head = part(num_classes=1)
    model.roi_head = nn.Module()
    model.roi_head.bbox_head = nn.ModuleList([part(num_classes=3), part(num_classes=3)])
    model.roi_head.mask_head = part(num_classes=3)
    model.head = part(num_classes=None)
    model.auxiliary_head = nn.ModuleList([part(num_classes=11)])
    model.decode_head = part(num_classes=11)
    assert head_classes(model) == {
        'model.roi_head.bbox_head.0.num_classes': 3,
        'model.roi_head.bbox_head.1.num_classes': 3,
        'model.roi_head.mask_head.num_classes': 3,
        'model.auxiliary_head.0.num_classes': 11,
        'model.decode_head.num_classes': 11,
    }


def test_mixing_needs_the_number_in_the_preprocessor_too():
    model = nn.Module()
    model.head = part(num_classes=3)
    model.data_preprocessor = part(num_classes=1000, batch_augments=None)
    assert 'data_preprocessor.num_classes' not in head_classes(model)
    model.data_preprocessor.batch_augments = nn.Identity()
    assert head_classes(model)['data_preprocessor.num_classes'] == 1000


@pytest.mark.parametrize(
    'topk, allowed', [((1,), True), ((1, 3), True), ((1, 5), False), (4, False)]
)
def test_the_best_k_of_fewer_classes(topk, allowed):
    def check():
        check_metrics([SimpleNamespace(topk=topk)], nn.Module(), 3, 'val_evaluator')

    if allowed:
        check()
    else:
        with pytest.raises(ValueError, match=r'val_evaluator measures the best \d of 3 classes'):
            check()


@pytest.mark.parametrize('masks', [True, False])
def test_masks_are_measured_only_where_there_are_some(masks):
    model = nn.Module()
    model.roi_head = part(with_mask=masks)
    check_metrics([SimpleNamespace(metrics=['bbox'])], model, 3, 'val_evaluator')
    metrics = [SimpleNamespace(metrics=['bbox', 'segm'])]
    if masks:
        check_metrics(metrics, model, 3, 'val_evaluator')
    else:
        with pytest.raises(ValueError, match=r"val_evaluator=dict\(metric='bbox'\)"):
            check_metrics(metrics, model, 3, 'val_evaluator')
