import numpy as np
import pytest
import torch
from PIL import Image
from toy_models import toy_addp

from mmaddp.apis import EditSettings, edit_files, inpaint, load_images, outpaint, reconstruct
from mmaddp.registry import MODELS
from mmaddp.utils.images import quantize, read_png

SEEDS = (3, 4)


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    model = MODELS.build(toy_addp())
    model.init_weights()
    return model.eval()


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'photo.png')
    mask = np.zeros((32, 32), np.uint8)
    mask[:10, :10] = 255
    Image.fromarray(mask).save(tmp_path / 'mask.png')
    return tmp_path / 'photo.png'


def versions(folder):
    return torch.stack([read_png(folder / f'photo_{k}.png') for k in range(len(SEEDS))])


def as_bytes(images):
    return quantize(images).float() / 255


@pytest.mark.parametrize('official', [False, True])
@pytest.mark.parametrize('what', ['mask', 'mask_ratio', 'outpaint'])
def test_files_hold_what_the_functions_give(model, photo, tmp_path, what, official):
    options = dict(seeds=SEEDS, official_start=official)
    margins = (4, 2, 8, 6)
    size = (20, 24) if what == 'outpaint' else (32, 32)
    images = load_images([photo], size).expand(2, -1, -1, -1)
    mask = torch.zeros(32, 32, dtype=torch.bool)
    mask[:10, :10] = True
    settings, expected = {
        'mask': (
            dict(mask=str(tmp_path / 'mask.png'), dilation=2),
            lambda: inpaint(model, images, mask, dilation=2, **options),
        ),
        'mask_ratio': (dict(mask_ratio=0.5), lambda: reconstruct(model, images, 0.5, **options)),
        'outpaint': (dict(outpaint=margins), lambda: outpaint(model, images, margins, **options)),
    }[what]
    settings = EditSettings(**settings, official_start=official)
    written = edit_files(model, [str(photo)], tmp_path / 'out', SEEDS, settings)
    assert all(file.is_file() for file in written)
    torch.testing.assert_close(versions(tmp_path / 'out'), as_bytes(expected()), atol=0, rtol=0)


def test_outputs_that_would_share_a_name(model, photo, tmp_path):
    (tmp_path / 'more').mkdir()
    for name in ('photo_1.png', 'sheet.png', 'more/photo.png'):
        (tmp_path / name).write_bytes(photo.read_bytes())
    settings = EditSettings(mask_ratio=0.5)
    for other, shared in (('photo_1.png', 'photo_1'), ('sheet.png', 'sheet')):
        files = [str(photo), str(tmp_path / other)]
        with pytest.raises(ValueError, match=f'{shared}.png'):
            edit_files(model, files, tmp_path / 'out', SEEDS, settings)
        assert not (tmp_path / 'out').exists()
    files = [str(photo), str(tmp_path / 'more' / 'photo.png')]
    written = edit_files(model, files, tmp_path / 'out', SEEDS, settings)
    assert len({file.name for file in written}) == len(written) == 2 * 3 + 1


def test_exactly_one_edit():
    for settings in ({}, dict(mask_ratio=0.5, mask='mask.png')):
        with pytest.raises(ValueError, match='one of --mask-ratio'):
            EditSettings(**settings)
