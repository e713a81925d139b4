import ast
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmaddp.utils import open_picture as module
from mmaddp.utils.open_picture import FORMATS, open_picture

PACKAGE = Path(module.__file__).parents[1]
POSTSCRIPT = b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\nshowpage\n%%EOF\n'


@pytest.fixture(autouse=True)
def limit_as_it_was(monkeypatch):
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', Image.MAX_IMAGE_PIXELS)


@pytest.mark.parametrize('kind', sorted(set(FORMATS) - {'DIB'}))
def test_raster_formats(tmp_path, kind):
    path = tmp_path / 'picture.any'
    Image.new('RGB', (6, 4)).save(path, format=kind)
    for source in (path, str(path), path.read_bytes()):
        with open_picture(source) as picture:
            assert picture.size == (6, 4) and picture.format == kind


def test_nothing_else_is_opened(tmp_path):
    Image.init()
    path = tmp_path / 'picture.png'
    path.write_bytes(POSTSCRIPT)
    for source in (path, POSTSCRIPT):
        with (
            pytest.raises(ValueError, match='not a picture of the formats PNG'),
            open_picture(source),
        ):
            pass
    absent = tmp_path / 'absent.png'
    with pytest.raises(FileNotFoundError, match='absent'), open_picture(absent):
        pass


def large(path, width, height):
    Image.fromarray(np.zeros((height, width), bool)).save(path)


@pytest.mark.parametrize('width', [101, 250])  # above Pillow's warning, and above its error
def test_a_limit_in_pixels(tmp_path, monkeypatch, width):
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 10_000)
    path = tmp_path / 'large.png'
    large(path, width, 100)
    with pytest.raises(ValueError, match=r'limit of .*MMADDP_MAX_PIXELS'), open_picture(path):
        pass
    monkeypatch.setenv('MMADDP_MAX_PIXELS', str(100 * width))
    with open_picture(path) as picture:
        picture.load()
    monkeypatch.setenv('MMADDP_MAX_PIXELS', '1e9')
    with pytest.raises(ValueError, match="not '1e9'"), open_picture(path):
        pass


@pytest.mark.slow
def test_the_limit_reaches_other_processes(ready_python, tmp_path, monkeypatch):
    large(tmp_path / 'large.png', 20_000, 10_000)
    code = (
        'import sys; from mmaddp.datasets import LoadRGBImage\n'
        'print(LoadRGBImage()(dict(img_path=sys.argv[1]))["img"].shape)'
    )
    command = [ready_python, '-c', code, str(tmp_path / 'large.png')]
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode and 'large.png' in refused.stderr.splitlines()[-1]
    monkeypatch.setenv('MMADDP_MAX_PIXELS', '200000000')
    allowed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert '(10000, 20000, 3)' in allowed.stdout


def test_every_reader_goes_through_it():
    for file in PACKAGE.rglob('*.py'):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and ast.unparse(node) == 'Image.open':
                assert file.name == 'open_picture.py', f'{file}, line {node.lineno}'
