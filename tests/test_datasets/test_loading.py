import io

import mmcv
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from PIL import Image
from sklearn.datasets import load_sample_images

from mmaddp.datasets import LoadRGBImage
from mmaddp.datasets.loading import decode_rgb
from mmaddp.registry import TRANSFORMS


def gradient(height=24, width=40):
    """RGB picture whose channels differ: red grows to the right, green downwards."""
    red = np.linspace(0, 255, width)[None].repeat(height, 0)
    green = np.linspace(0, 255, height)[:, None].repeat(width, 1)
    blue = np.full((height, width), 40.0)
    return np.stack([red, green, blue], -1).astype(np.uint8)


def load(path):
    return LoadRGBImage()(dict(img_path=str(path)))['img']


def test_rgb_order_and_keys(tmp_path):
    path = tmp_path / 'a.png'
    Image.fromarray(gradient()).save(path)
    results = LoadRGBImage()(dict(img_path=str(path)))
    np.testing.assert_array_equal(results['img'], gradient())
    assert results['img'].dtype == np.uint8 and results['img'].flags.writeable
    assert results['img_shape'] == results['ori_shape'] == (24, 40)
    # mmcv's loader, read the other way round
    np.testing.assert_array_equal(results['img'][..., ::-1], mmcv.imread(str(path)))


def test_built_from_any_scope(tmp_path):
    transform = TRANSFORMS.build(dict(type='LoadRGBImage'))
    assert isinstance(transform, LoadRGBImage)
    from mmpretrain.registry import TRANSFORMS as MMPRETRAIN_TRANSFORMS

    init_default_scope('mmpretrain')
    transform = MMPRETRAIN_TRANSFORMS.build(dict(type='mmaddp.LoadRGBImage'))
    assert isinstance(transform, LoadRGBImage)


def test_grey_palette_and_binary(tmp_path):
    grey = gradient()[..., 0]
    Image.fromarray(grey).save(tmp_path / 'grey.png')
    np.testing.assert_array_equal(load(tmp_path / 'grey.png'), np.stack([grey] * 3, -1))

    palette = Image.fromarray(gradient()).quantize(16)
    palette.save(tmp_path / 'palette.png')
    np.testing.assert_array_equal(load(tmp_path / 'palette.png'), np.array(palette.convert('RGB')))

    Image.fromarray(grey > 99).save(tmp_path / 'binary.png')
    expected = np.where(grey > 99, 255, 0)[..., None].repeat(3, -1)
    np.testing.assert_array_equal(load(tmp_path / 'binary.png'), expected)


def test_alpha_is_dropped(tmp_path):
    alpha = np.zeros((24, 40, 1), np.uint8)
    alpha[:, 20:] = 128
    Image.fromarray(np.concatenate([gradient(), alpha], -1)).save(tmp_path / 'rgba.png')
    np.testing.assert_array_equal(load(tmp_path / 'rgba.png'), gradient())

    grey = gradient()[..., :1]
    Image.fromarray(np.concatenate([grey, alpha], -1)).save(tmp_path / 'la.png')
    np.testing.assert_array_equal(load(tmp_path / 'la.png'), grey.repeat(3, -1))

    palette = Image.fromarray(gradient()).quantize(16)
    palette.save(tmp_path / 'p.png', transparency=bytes(range(16)))
    np.testing.assert_array_equal(load(tmp_path / 'p.png'), np.array(palette.convert('RGB')))


def test_cmyk_jpeg(tmp_path):
    image = Image.fromarray(gradient()).convert('CMYK')
    image.save(tmp_path / 'cmyk.jpg', quality=98)
    loaded = load(tmp_path / 'cmyk.jpg')
    assert loaded.shape == (24, 40, 3)
    assert np.abs(loaded.astype(int) - gradient()).mean() < 4


@pytest.mark.parametrize('suffix', ['png', 'tif', 'pgm'])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path, suffix):
    grey = gradient()[..., 0]
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / f'a.{suffix}')
    np.testing.assert_array_equal(load(tmp_path / f'a.{suffix}'), np.stack([grey] * 3, -1))


def test_16_bit_rgb_is_scaled_not_clipped(tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / 'a.png'), gradient()[..., ::-1].astype(np.uint16) * 257)
    np.testing.assert_array_equal(load(tmp_path / 'a.png'), gradient())


def test_exif_orientation_as_mmcv(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.fromarray(gradient()).save(tmp_path / 'a.jpg', exif=exif, quality=98)
    turned = load(tmp_path / 'a.jpg')
    assert turned.shape == (40, 24, 3)
    theirs = mmcv.imread(str(tmp_path / 'a.jpg'))[..., ::-1]
    assert np.abs(turned.astype(int) - theirs).mean() < 2
    flat = LoadRGBImage(ignore_orientation=True)(dict(img_path=str(tmp_path / 'a.jpg')))['img']
    assert flat.shape == (24, 40, 3)


def bytes_of(suffix):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, suffix)
    return stream.getvalue()


@pytest.mark.parametrize('suffix', ['png', 'jpeg', 'bmp'])
@pytest.mark.parametrize('kept', [0, 10, 0.3, 0.9])
def test_truncated_file_is_named(tmp_path, suffix, kept):
    content = bytes_of(suffix)
    path = tmp_path / f'broken.{suffix}'
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(ValueError, match=f'broken.{suffix}'):
        load(path)


@pytest.mark.parametrize('suffix', ['png', 'jpeg', 'tiff', 'webp', 'gif'])
def test_no_truncation_changes_pixels_silently(suffix, tmp_path):
    content = bytes_of(suffix)
    whole = decode_rgb(content)
    path = tmp_path / f'cut.{suffix}'
    lengths = range(0, len(content), max(len(content) // 60, 1))
    refused = 0
    for length in lengths:
        path.write_bytes(content[:length])
        try:
            image = load(path)
        except ValueError as error:
            assert path.name in str(error)
            refused += 1
        else:
            np.testing.assert_array_equal(image, whole)
    assert refused > len(lengths) / 2


def test_corrupt_png_is_named(tmp_path):
    content = bytearray(bytes_of('png'))
    content[len(content) // 2] ^= 0xFF
    (tmp_path / 'flipped.png').write_bytes(content)
    with pytest.raises(ValueError, match=r'flipped\.png'):
        load(tmp_path / 'flipped.png')


def test_text_named_jpg_and_missing_file(tmp_path):
    (tmp_path / 'notes.jpg').write_text('this is not an image')
    with pytest.raises(ValueError, match=r'notes\.jpg'):
        load(tmp_path / 'notes.jpg')
    with pytest.raises(FileNotFoundError, match=r'absent\.jpg'):
        load(tmp_path / 'absent.jpg')


def test_samples_without_range_are_refused(tmp_path):
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / 'float.tif')
    with pytest.raises(ValueError, match=r'float\.tif.*floating-point'):
        load(tmp_path / 'float.tif')
    Image.fromarray(np.full((4, 4), 70000, np.int32)).save(tmp_path / 'deep.tif')
    with pytest.raises(ValueError, match=r'deep\.tif.*32-bit'):
        load(tmp_path / 'deep.tif')


@pytest.mark.parametrize('num_workers', [0, 1])
def test_unreadable_training_image_is_not_replaced(tmp_path, num_workers):
    from mmpretrain.datasets import CustomDataset

    for name in 'abc':
        Image.fromarray(gradient()).save(tmp_path / f'{name}.png')
    (tmp_path / 'b.png').write_bytes((tmp_path / 'a.png').read_bytes()[:60])
    dataset = CustomDataset(
        data_root=str(tmp_path),
        with_label=False,
        pipeline=[dict(type='mmaddp.LoadRGBImage'), dict(type='PackInputs')],
    )
    loader = torch.utils.data.DataLoader(dataset, num_workers=num_workers, collate_fn=list)
    with pytest.raises(ValueError, match=r'b\.png'):
        list(loader)


@pytest.mark.parametrize('min_side, divisor', [(40, 8), (41, 4), (150, 2), (160, 2), (161, 1)])
def test_large_photographs_may_be_decoded_smaller(tmp_path, min_side, divisor):
    """A picture of 40 pixels made of it is the same within a few grey levels."""
    photograph = Image.fromarray(load_sample_images().images[0]).resize((480, 320))
    photograph.save(tmp_path / 'a.jpg', quality=95)
    results = LoadRGBImage(min_side=min_side)(dict(img_path=str(tmp_path / 'a.jpg')))
    assert results['img'].shape == (320 // divisor, 480 // divisor, 3)
    assert results['img_shape'] == results['ori_shape'] == results['img'].shape[:2]
    full = load(tmp_path / 'a.jpg')
    if divisor == 1:
        np.testing.assert_array_equal(results['img'], full)
    small, expected = (
        np.asarray(Image.fromarray(picture).resize((40, 40), Image.Resampling.BICUBIC)).astype(int)
        for picture in (results['img'], full)
    )
    assert np.abs(small - expected).mean() < 3


def test_decoding_smaller_leaves_other_formats_and_the_orientation_alone(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.fromarray(gradient(64, 96))
    picture.save(tmp_path / 'a.png')
    picture.save(tmp_path / 'turned.jpg', exif=exif)
    loader = LoadRGBImage(min_side=16)
    assert loader(dict(img_path=str(tmp_path / 'a.png')))['img'].shape == (64, 96, 3)
    assert loader(dict(img_path=str(tmp_path / 'turned.jpg')))['img'].shape == (24, 16, 3)
    with pytest.raises(ValueError, match='min_side'):
        LoadRGBImage(min_side=0)
