"""Folders of pictures to try pre-training with."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmaddp.datasets.preparation.class_folders import (
    PHOTOGRAPHS,
    crops_of_photographs,
    pictures_of,
)
from mmaddp.datasets.preparation.sources import GlyphSource, GlyphSplit

TOOL = Path(__file__).parents[2] / 'tools' / 'dataset_converters' / 'prepare_pictures.py'


@pytest.fixture(scope='module')
def source():
    images = np.random.default_rng(0).random((30, 10, 10)).astype(np.float32)
    names = [f'p{number:02}' for number in range(30)]
    split = GlyphSplit(images, np.arange(30) % 3, names, (0.4, 0.6))
    return GlyphSource(dict(train=split), ('a', 'b/c', 'd'))


def names(pictures):
    return [(picture.label, picture.name) for picture in pictures]


def test_fewer_pictures_are_among_more(source):
    four, seven = (names(pictures_of(source, 'train', n, 8, 0)) for n in (4, 7))
    assert len(four) == 12 and len(set(seven)) == 21
    assert set(four) < set(seven)
    assert {label for label, _ in four} == {'0_a', '1_b-c', '2_d'}


def test_seed_draws_others(source):
    first, second = (names(pictures_of(source, 'train', 4, 8, seed)) for seed in (0, 1))
    assert first != second
    assert first == names(pictures_of(source, 'train', 4, 8, 0))


def test_labels_are_those_of_the_source(source):
    for picture in pictures_of(source, 'train', None, 8, 0):
        number = int(picture.name[1:])
        assert int(picture.label[0]) == number % 3
        assert picture.pixels.shape == (8, 8)


def test_too_few_pictures(source):
    with pytest.raises(ValueError, match='a has 10 pictures in train, not 11'):
        list(pictures_of(source, 'train', 11, 8, 0))


def test_crops_come_from_all_photographs():
    pytest.importorskip('skimage')
    crops = list(crops_of_photographs(20, 24, 0))
    assert [label for label, _ in names(crops)].count('retina') == 2
    assert {crop.label for crop in crops} == set(PHOTOGRAPHS)
    assert len({crop.pixels.tobytes() for crop in crops}) == 20
    for crop in crops:
        assert crop.pixels.shape == (24, 24, 3)
        assert crop.pixels.dtype == np.uint8


def test_tool_writes_class_folders_once(tmp_path, capsys):
    main = runpy.run_path(str(TOOL))['main']
    out = tmp_path / 'digits'
    command = ['--per-class', '3', '--side', '28', '--out', str(out)]
    main(command)
    files = sorted(out.glob('*/*.png'))
    assert len(files) == 30 and len({file.parent for file in files}) == 10
    with Image.open(files[0]) as image:
        assert image.size == (28, 28) and image.mode == 'L'
    main(command)
    assert 'is complete already' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='made with other settings'):
        main([*command, '--seed', '1'])


def test_tool_wants_the_idx_files(tmp_path, capsys):
    main = runpy.run_path(str(TOOL))['main']
    with pytest.raises(SystemExit):
        main(['--source', 'fashion-mnist', '--out', str(tmp_path / 'fashion')])
    assert '--idx DIR belong together' in capsys.readouterr().err
