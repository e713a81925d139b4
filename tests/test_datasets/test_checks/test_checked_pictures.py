import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmaddp.datasets import CheckImageFile

PIXELS = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
FORMATS = ('JPEG', 'PNG', 'BMP', 'WEBP', 'TIFF', 'PPM')


def encoded(format='JPEG', pixels=PIXELS, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=format, **options)
    return buffer.getvalue()


@pytest.fixture
def write(tmp_path):
    def write_(content, **stated):
        path = tmp_path / 'photo.jpg'
        path.write_bytes(content)
        return dict(img_path=str(path), **stated)

    return write_


@pytest.mark.parametrize('format', FORMATS)
def test_whole_files_pass_unchanged(write, format):
    results = write(encoded(format), width=64, height=48)
    assert CheckImageFile()(dict(results)) == results


@pytest.mark.parametrize('options', [dict(progressive=True), dict(quality=30)])
def test_jpegs_of_all_kinds(write, options):
    for content in (encoded(**options), encoded(**options) + b'\0' * 9):
        assert CheckImageFile()(write(content))


@pytest.mark.parametrize('kept', [0, 2, 30, 0.3, 0.9])
@pytest.mark.parametrize('format', FORMATS)
def test_files_that_are_cut_off_are_named(write, format, kept):
    content = encoded(format)
    content = content[: kept if isinstance(kept, int) else int(kept * len(content))]
    with pytest.raises(ValueError, match=r'Cannot read the image .*photo\.jpg \(\d+ bytes\)'):
        CheckImageFile()(write(content))


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.png'):
        CheckImageFile()(dict(img_path=str(tmp_path / 'absent.png')))


@pytest.mark.parametrize('stated', [dict(width=65, height=48), dict(width=48, height=64)])
def test_other_size_than_stated(write, stated):
    with pytest.raises(ValueError, match=r'photo\.jpg has 64 x 48 pixels, but its annotations say'):
        CheckImageFile()(write(encoded(), **stated))


@pytest.mark.parametrize('format', ['JPEG', 'PNG'])
def test_upright_size_counts_as_opencv_reads_it(write, format):
    exif = Image.Exif()
    exif[0x0112] = 6
    results = write(encoded(format, exif=exif.tobytes()), width=48, height=64)
    if cv2.imread(results['img_path']).shape[:2] == (64, 48):
        assert CheckImageFile()(results)


def test_damaged_metadata_do_not_matter(write):
    results = write(encoded(exif=b'Exif\0\0MM\0*\0\0\0\x08\xff\xff'), width=64, height=48)
    assert CheckImageFile()(results)


@pytest.mark.parametrize('shape', [(4, 3000), (3000, 4), (1, 101)])
def test_pictures_that_vanish_when_resized_are_named(write, shape):
    results = write(encoded('PNG', np.zeros((*shape, 3), np.uint8)))
    with pytest.raises(ValueError, match=r'photo\.jpg has \d+ x \d+ pixels; its longer side'):
        CheckImageFile()(results)
    assert CheckImageFile(max_aspect_ratio=3000)(results)


def test_pictures_that_are_loaded_already():
    assert CheckImageFile()(dict(img=PIXELS, img_path=None))
    with pytest.raises(ValueError, match='3000 x 4 pixels; its longer side'):
        CheckImageFile()(dict(img=np.zeros((4, 3000, 3), np.uint8), img_path=None))


def test_damaged_files_are_passed_over_and_counted_on_request(write):
    step = CheckImageFile(skip_broken=True)
    assert step(write(b'')) is None and step(write(encoded()[:500])) is None
    assert step(write(encoded())) is not None and step.num_skipped == 2
    with pytest.raises(ValueError, match='annotations say'):
        step(write(encoded(), width=1, height=1))
