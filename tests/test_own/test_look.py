"""What a folder holds is found and said; what cannot be used is named."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image
from test_own.own_pictures import write_shapes

from mmaddp.own.look import FEWEST, look, mirror_ratio


def test_pictures_classes_and_sizes(tmp_path):
    found = look(write_shapes(tmp_path / 'in', 20))
    assert len(found.pictures) == 20 and found.side == 40
    assert found.classes == ['box', 'disc']
    assert found.class_of(found.pictures[0]) == 'box'
    assert not found.left_out
    assert '20 PNG, colour' in found.lines()[0]
    assert found.thumbnails.shape == (20, 16, 16, 3)


def test_what_is_left_out_is_named(tmp_path):
    folder = write_shapes(tmp_path / 'in', 20)
    shutil.copy(folder / 'box' / '001.png', folder / 'disc' / 'again.png')
    (folder / 'box' / 'cut.png').write_bytes((folder / 'box' / '001.png').read_bytes()[:90])
    Image.new('RGB', (40, 4)).save(folder / 'box' / 'flat.png')
    (folder / 'box' / 'notes.txt').write_text('no picture')
    found = look(folder)
    assert len(found.pictures) == 20
    assert {name: list(files) for name, files in found.left_out.items()} == {
        'not readable': ['box/cut.png'],
        'smaller than a patch of 8 x 8 pixels': ['box/flat.png'],
        'the same file twice': ['disc/again.png'],
    }
    text = '\n'.join(found.lines())
    for word in ('box/cut.png', '40 x 4 pixels', 'as box/001.png', 'ending in .txt'):
        assert word in text


def test_mixed_channels_and_depths_are_said(tmp_path):
    folder = write_shapes(tmp_path / 'in', 20)
    samples = np.arange(1600, dtype=np.uint16).reshape(40, 40) * 40
    Image.fromarray(samples).save(folder / 'box' / 'deep.png')
    text = '\n'.join(look(folder).lines())
    assert '1 PNG, 16 bits, grey' in text and 'mixed' in text


def test_grey_pictures_stored_as_colour_are_grey(tmp_path):
    folder = write_shapes(tmp_path / 'in', 20, mode='L')
    for file in folder.rglob('*.png'):
        Image.open(file).convert('RGB').save(file)
    assert '20 PNG, grey' in look(folder).lines()[0]


def test_names_that_are_not_utf8_are_shown(tmp_path):
    folder = write_shapes(tmp_path / 'in', 20)
    (folder / 'box' / os.fsdecode(b'caf\xe9.png')).write_bytes(b'no picture')
    text = '\n'.join(look(folder).lines())
    assert r'caf\udce9.png' in text and text.encode()


@pytest.mark.parametrize(
    'make, message',
    [
        (lambda folder: None, 'There is no folder'),
        (lambda folder: folder.write_text('x'), 'is a file'),
        (lambda folder: folder.mkdir(), 'holds no picture that can be used'),
        (lambda folder: write_shapes(folder, 1), 'holds 1 picture that'),
        (lambda folder: write_shapes(folder, FEWEST - 1), f'at least {FEWEST}'),
        (lambda folder: write_shapes(folder, 20, side=6), r'20 are smaller than a patch'),
    ],
)
def test_folders_that_teach_nothing(tmp_path, make, message):
    make(tmp_path / 'in')
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        look(tmp_path / 'in')


def test_equal_pictures_teach_nothing(tmp_path):
    folder = write_shapes(tmp_path / 'in', 1)
    for index in range(20):
        shutil.copy(folder / 'disc' / '000.png', folder / 'disc' / f'copy{index}.png')
    with pytest.raises(ValueError, match=r'All 21 pictures .* are equal'):
        look(folder)


def test_dated_sub_folders_with_pictures_beside_them_are_no_classes(tmp_path):
    folder = write_shapes(tmp_path / 'in', 20)
    shutil.move(folder / 'box' / '001.png', folder / '001.png')
    assert look(folder).classes == []


def test_mirrored_pictures_are_recognised_where_they_do_not_belong():
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 200, 16)[None, None, :, None] + np.zeros((40, 16, 16, 3))
    one_sided = ramp + rng.normal(0, 8, ramp.shape)
    both = np.concatenate([one_sided[:20], one_sided[20:, :, ::-1]])
    assert mirror_ratio(one_sided.clip(0, 255).astype(np.uint8)) > 2
    assert mirror_ratio(both.clip(0, 255).astype(np.uint8)) < 1.1
