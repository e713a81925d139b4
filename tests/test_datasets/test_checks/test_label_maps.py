import numpy as np
import pytest
from PIL import Image

from mmaddp.datasets import CheckLabelMap


@pytest.fixture
def label_map(tmp_path):
    """Write a label map of 6 x 8 pixels; return what a pipeline knows when it is read."""

    def write(pixels=None, mode=None, suffix='.png', content=None):
        path = tmp_path / f'map{suffix}'
        if content is None:
            pixels = np.ones((6, 8), np.uint8) if pixels is None else pixels
            image = Image.fromarray(pixels)
            (image.convert(mode) if mode else image).save(path)
        else:
            path.write_bytes(content)
        return dict(img_path='photo.jpg', seg_map_path=str(path), ori_shape=(6, 8))

    return write


@pytest.mark.parametrize('mode', ['L', 'P', '1'])
def test_maps_with_one_byte_per_pixel_pass(label_map, mode):
    results = label_map(mode=mode)
    assert CheckLabelMap()(dict(results)) == results


def test_a_picture_alone_passes():
    assert CheckLabelMap()(dict(img_path='photo.jpg')) == dict(img_path='photo.jpg')


def test_other_size_names_both_files(label_map):
    results = label_map(np.ones((8, 6), np.uint8))
    with pytest.raises(ValueError, match=r'map\.png has 8 x 6 .*photo\.jpg has 6 x 8'):
        CheckLabelMap()(results)


@pytest.mark.parametrize(
    'pixels, kind',
    [(np.ones((6, 8, 3), np.uint8), 'RGB'), (np.full((6, 8), 300, np.uint16), 'I;16')],
)
def test_colour_and_16_bit_are_refused(label_map, pixels, kind):
    with pytest.raises(ValueError, match=rf"map\.png has pixels of kind '{kind}"):
        CheckLabelMap()(label_map(pixels))


def test_damaged_files_are_named(label_map):
    whole = label_map(np.random.default_rng(0).integers(0, 9, (6, 8), np.uint8))
    with open(whole['seg_map_path'], 'rb') as file:
        content = file.read()
    for damaged in (b'', b'<html>', content[:-20]):
        with pytest.raises(ValueError, match=r'Cannot read the label map .*map\.png'):
            CheckLabelMap()(label_map(content=damaged))


@pytest.mark.parametrize('suffix, options', [('.jpg', {}), ('.tif', dict(compression='jpeg'))])
def test_losses_are_refused(tmp_path, suffix, options):
    path = tmp_path / f'map{suffix}'
    Image.fromarray(np.ones((16, 16), np.uint8)).save(path, **options)
    with pytest.raises(ValueError, match=rf'map\{suffix} is compressed as a JPEG'):
        CheckLabelMap()(dict(seg_map_path=str(path), ori_shape=(16, 16)))


@pytest.mark.parametrize('suffix', ['.tif', '.bmp', '.gif', '.pgm'])
def test_other_formats_without_losses_pass(tmp_path, suffix):
    path = tmp_path / f'map{suffix}'
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(path)
    assert CheckLabelMap()(dict(seg_map_path=str(path), ori_shape=(16, 16)))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.png'):
        CheckLabelMap()(dict(seg_map_path=str(tmp_path / 'absent.png'), ori_shape=(6, 8)))
