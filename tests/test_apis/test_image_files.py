import numpy as np
import pytest
import torch
from PIL import Image

from mmaddp.apis.image_files import load_images, load_mask

SIZE = (32, 48)


def painted(value=255, background=0):
    pixels = np.full(SIZE, background, np.uint8)
    pixels[8:16, 8:16] = value
    return pixels


def expected():
    return torch.from_numpy(painted() > 0)


@pytest.mark.parametrize('value', [255, 1])
@pytest.mark.parametrize('mode', ['L', 'RGB', 'P', '1', 'RGBA'])
def test_pixels_that_are_not_black(tmp_path, mode, value):
    Image.fromarray(painted(255 if mode == '1' else value)).convert(mode).save(tmp_path / 'm.png')
    assert torch.equal(load_mask(tmp_path / 'm.png', SIZE), expected())


def test_dark_blue_is_not_black(tmp_path):
    pixels = np.zeros((*SIZE, 3), np.uint8)
    pixels[8:16, 8:16, 2] = 1
    Image.fromarray(pixels).save(tmp_path / 'm.png')
    assert torch.equal(load_mask(tmp_path / 'm.png', SIZE), expected())


@pytest.mark.parametrize('canvas', [255, 0])
def test_transparent_pixels_are_not_painted(tmp_path, canvas):
    pixels = np.full((*SIZE, 4), canvas, np.uint8)
    pixels[..., 3] = 0
    pixels[8:16, 8:16] = 255
    for name in ('m.png', 'm.tiff'):
        Image.fromarray(pixels).save(tmp_path / name)
        assert torch.equal(load_mask(tmp_path / name, SIZE), expected())


def test_black_that_a_lossy_format_has_changed(tmp_path):
    for name in ('m.jpg', 'm.webp'):
        Image.fromarray(painted()).convert('RGB').save(tmp_path / name, quality=60)
        assert torch.equal(load_mask(tmp_path / name, SIZE), expected())


def test_bad_masks(tmp_path):
    Image.fromarray(painted()).save(tmp_path / 'm.png')
    with pytest.raises(ValueError, match=r'm.png has 48 x 32 pixels.* 32 x 32'):
        load_mask(tmp_path / 'm.png', (32, 32))
    with pytest.raises(FileNotFoundError, match=r'no mask .*absent'):
        load_mask(tmp_path / 'absent.png', SIZE)
    content = (tmp_path / 'm.png').read_bytes()
    for damaged in (content[:40], b'%!PS-Adobe-3.0 EPSF-3.0\n', b''):
        (tmp_path / 'bad.png').write_bytes(damaged)
        with pytest.raises(ValueError, match=r'Cannot read the mask .*bad.png'):
            load_mask(tmp_path / 'bad.png', SIZE)


def test_pictures_are_cropped_and_resized(tmp_path):
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = 255  # the middle third
    Image.fromarray(pixels).save(tmp_path / 'a.png')
    Image.fromarray(pixels[:, :20]).save(tmp_path / 'b.webp', lossless=True)
    images = load_images([tmp_path / 'a.png', tmp_path / 'b.webp'], (40, 40))
    assert images.shape == (2, 3, 40, 40)
    assert images[0, ..., 4:-4].min() == 1 and images[1].max() == 0
