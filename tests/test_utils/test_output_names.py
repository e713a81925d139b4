from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmaddp.utils.output_names import distinct_names, refuse_overwriting


@pytest.mark.parametrize(
    'paths, names',
    [
        (['x/a.jpg', 'x/b.png'], ['a', 'b']),
        (['x/v1.0.png', 'x/v1.5.png'], ['v1.0', 'v1.5']),
        (['x/a.jpg', 'x/a.png', 'x/b.png'], ['a.jpg', 'a.png', 'b']),
        (['x/a.jpg', 'y/a.jpg', 'y/a.png'], ['x_a.jpg', 'y_a.jpg', 'a.png']),
        (['1/x/a.jpg', '2/x/a.jpg'], ['1_x_a.jpg', '2_x_a.jpg']),
        (['x/a.jpg', 'x/a.jpg', 'x/a.jpg'], None),
        (['x/A.png', 'y/a.png'], ['x_A.png', 'y_a.png']),
    ],
)
def test_names_are_as_short_as_can_be(paths, names):
    found = distinct_names(paths)
    if names is not None:
        assert found == names
    assert len({name.lower() for name in found}) == len(paths)


def test_a_number_is_no_name_that_another_has():
    paths = ['/a.jpg', '/a.jpg', '/a.jpg_2.png']
    assert distinct_names(paths) == ['a.jpg', 'a.jpg_3', 'a.jpg_2']


def test_folders():
    paths = ['runs/a/v1.0', 'runs/b/v1.0', 'runs/v1.5', 'set.npz']
    found = distinct_names(paths, separator='/', whole=True)
    assert found == ['a/v1.0', 'b/v1.0', 'v1.5', 'set.npz']


parts = st.sampled_from(['a', 'A', 'b', 'a_b', 'a.b', 'a_2', 'b.png', 'a.png', '.png'])
paths = st.lists(st.lists(parts, min_size=1, max_size=4).map('/'.join), min_size=1, max_size=8)


@given(paths)
def test_no_two_outputs_share_a_file(paths):
    for whole in (False, True):
        names = distinct_names(paths, whole=whole)
        assert len({name.casefold() for name in names}) == len(paths)
        assert all(name and '/' not in name for name in names)


def test_inputs_are_not_written_over(tmp_path):
    photos = tmp_path / 'photos'
    (photos / 'deep').mkdir(parents=True)
    photo = photos / 'a.png'
    photo.touch()
    (tmp_path / 'link').symlink_to(photos, target_is_directory=True)
    for output in ('photos/a.png', 'photos/new.png', 'link/new.png', 'photos/../photos/b.png'):
        with pytest.raises(ValueError, match=r'among the files that are read.*out_dir'):
            refuse_overwriting([tmp_path / output], [photo], 'out_dir')
    # Below a folder that is read, a second call would read it.
    with pytest.raises(ValueError, match=r'drawn.a\.png'):
        refuse_overwriting([photos / 'drawn' / 'a.png'], [photos], 'out_dir')
    refuse_overwriting([photos / 'drawn' / 'a.png', Path('a.png')], [photo], 'out_dir')
    refuse_overwriting([tmp_path / 'scores.json'], [photos], '--out')
    refuse_overwriting([photos / 'scores.json'], [photo], '--out', beside=True)
    with pytest.raises(ValueError, match='another place for --out'):
        refuse_overwriting([tmp_path / 'link' / 'a.png'], [photo], '--out', beside=True)
