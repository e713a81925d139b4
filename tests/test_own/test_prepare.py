"""Pictures are divided and written as they are trained on."""

import pytest
from PIL import Image
from test_own.own_pictures import write_shapes
from test_own.test_plan import wishes

from mmaddp.own.look import look
from mmaddp.own.plan import candidates
from mmaddp.own.prepare import check_space, divide, space_needed, write_pictures


def plan_of(found, **changes):
    return candidates(found, wishes(**changes))[-1]


def test_every_picture_once_and_each_class_its_share(tmp_path):
    found = look(write_shapes(tmp_path / 'in', 60))
    plan = plan_of(found)
    splits = divide(found, plan)
    assert [len(splits[name]) for name in ('train', 'val')] == [54, 6]
    files = {picture.file for name in splits for picture in splits[name]}
    assert len(files) == 60
    held_out = [found.class_of(picture) for picture in splits['val']]
    assert held_out.count('box') == held_out.count('disc') == 3
    assert divide(found, plan) == splits
    assert divide(found, plan_of(found, seed=1)) != splits


def test_written_no_larger_than_needed_and_lossless_if_they_were(tmp_path):
    folder = write_shapes(tmp_path / 'in', 20, side=100)
    write_shapes(tmp_path / 'in', 16, side=30, suffix='.jpg')
    found = look(folder)
    plan = plan_of(found, resolution=32, grid=4)
    numbers = write_pictures(found, plan, tmp_path / 'out')
    files = sorted((tmp_path / 'out').rglob('*.*g'))
    assert len(files) == 36 == sum(numbers.values())
    sizes = {file.name[3:]: Image.open(file).size for file in files}
    assert sizes == {'.png.png': (36, 36), '.jpg.jpg': (30, 30)}


def test_space_is_checked_before(tmp_path):
    found = look(write_shapes(tmp_path / 'in', 20))
    plan = plan_of(found)
    needed = space_needed(found, plan, [1000])
    assert 24_000 < needed < 1_000_000
    check_space(tmp_path / 'not' / 'there', needed)
    with pytest.raises(OSError, match='needs about 1000000000000 MB'):
        check_space(tmp_path / 'not' / 'there', 10**18)
    assert not (tmp_path / 'not').exists()
