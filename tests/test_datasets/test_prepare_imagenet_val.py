import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets.folder import pil_loader
from torchvision.transforms import CenterCrop, Compose, Resize

from mmaddp.evaluation.fidelity import FolderImages

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'dataset_converters'))
import prepare_imagenet_val

SIZE = 24


@pytest.fixture
def originals(tmp_path):
    """Images of several kinds: class folders, grey, CMYK, upright and wide."""
    rng = np.random.default_rng(0)
    folder = tmp_path / 'val'
    for name, mode, shape in (
        ('n01/a.JPEG', 'RGB', (60, 40, 3)),
        ('n01/b.JPEG', 'L', (30, 70)),
        ('n02/c.JPEG', 'CMYK', (25, 25, 4)),
        ('d.png', 'RGB', (24, 90, 3)),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8), mode).save(path)
    return folder


def prepare(originals, out, *arguments):
    command = ['--images', originals, '--out', out, '--size', SIZE, '--num-workers', 2]
    prepare_imagenet_val.main(list(map(str, [*command, *arguments])))


@pytest.fixture
def prepared(originals, tmp_path):
    prepare(originals, tmp_path / 'out', '--expect', 4)
    return tmp_path / 'out'


def test_pixels_are_those_of_torchvision(originals, prepared):
    transform = Compose([Resize(SIZE), CenterCrop(SIZE)])
    files = sorted(file for file in originals.rglob('*') if file.is_file())
    for file in files:
        result = Image.open(prepared / file.relative_to(originals).with_suffix('.png'))
        assert result.mode == 'RGB' and result.size == (SIZE, SIZE)
        expected = transform(pil_loader(str(file)))
        assert np.array_equal(np.asarray(result), np.asarray(expected)), file
    assert len(FolderImages(prepared)) == len(files) == 4


def test_second_run_mends_what_is_wrong_and_leaves_the_rest(originals, prepared, capsys):
    names = ('n01/a.png', 'n01/b.png', 'n02/c.png', 'd.png')
    good, cut, small, other = (prepared / name for name in names)
    before = {file: file.read_bytes() for file in (good, cut, small, other)}
    time = good.stat().st_mtime_ns
    cut.write_bytes(before[cut][:-40])
    Image.new('RGB', (SIZE, SIZE - 1)).save(small)
    other.write_bytes(before[good])  # intact, but made from another original
    (prepared / 'n01' / '.b.png.12345678.part').write_bytes(b'left by a killed run')
    prepare(originals, prepared)
    assert '3 made, 1 were right' in capsys.readouterr().out
    assert {file: file.read_bytes() for file in before} == before
    assert good.stat().st_mtime_ns == time
    assert set(prepared.rglob('*.p*')) == before.keys()


def test_unfinished_folder_is_no_reference(originals, prepared, tmp_path):
    (originals / 'n02' / 'z.JPEG').write_bytes(b'no image')
    with pytest.raises(SystemExit, match=r'Cannot read the image .*z.JPEG'):
        prepare(originals, prepared)
    assert not json.loads((prepared / 'preparation.json').read_text())['complete']
    with pytest.raises(ValueError, match='is not complete: run'):
        FolderImages(prepared)


def test_bad_input(originals, prepared, tmp_path):
    with pytest.raises(SystemExit, match='holds 4 images, expected 5'):
        prepare(originals, tmp_path / 'new', '--expect', 5)
    assert not (tmp_path / 'new').exists()
    with pytest.raises(SystemExit, match=r'was made with Resize\(24.*choose another --out'):
        prepare(originals, prepared, '--size', 16)
    with pytest.raises(SystemExit, match='There is no folder'):
        prepare(tmp_path / 'absent', tmp_path / 'new')
    Image.new('RGB', (SIZE, SIZE)).save(prepared / 'stranger.png')
    with pytest.raises(SystemExit, match=r'1 images that are not made here \(.*stranger.png'):
        prepare(originals, prepared)
    Image.new('RGB', (30, 30)).save(originals / 'n01' / 'a.png')
    with pytest.raises(SystemExit, match=r'2 images of .* would be written to n01/a.png'):
        prepare(originals, tmp_path / 'new')


def test_every_kind_of_picture_is_prepared(originals, tmp_path, capsys):
    Image.new('RGB', (30, 40)).save(originals / 'e.webp')
    Image.new('RGB', (30, 40)).save(originals / 'f.tiff')
    (originals / '._a.jpg').write_bytes(b'\0\5\x16\7')
    (originals / 'linked').symlink_to(originals / 'n01', target_is_directory=True)
    prepare(originals, tmp_path / 'out', '--expect', 8)
    assert '8 images, 8 made' in capsys.readouterr().out
    assert (tmp_path / 'out' / 'linked' / 'a.png').is_file()
    assert not (tmp_path / 'out' / 'linked').is_symlink()


def test_postscript_is_no_original(originals, tmp_path):
    (originals / 'z.png').write_bytes(b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n')
    with pytest.raises(SystemExit, match=r'Cannot read the image .*z.png: it is not a picture of'):
        prepare(originals, tmp_path / 'out')
