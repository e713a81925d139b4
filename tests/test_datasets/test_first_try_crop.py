import numpy as np

from mmaddp.datasets import FirstTryResizedCrop


def test_wide_pictures_keep_their_height():
    """Where the host would draw again, the rectangle is cut to the picture."""
    crop = FirstTryResizedCrop(scale=8, crop_ratio_range=(0.9, 1.0))
    image = np.zeros((20, 200, 3), np.uint8)
    np.random.seed(0)
    for _ in range(50):
        top, left, height, width = crop.rand_crop_params(image)
        assert (top, height) == (0, 20) and 0 <= left <= 200 - width
        assert 50 <= width <= 75  # sqrt(0.9 ... 1 of 4000 x 3/4 ... 4/3)


def test_size_and_area():
    crop = FirstTryResizedCrop(scale=8, crop_ratio_range=(0.2, 1.0))
    image = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    assert crop(dict(img=image))['img'].shape == (8, 8, 3)
    areas = [np.prod(crop.rand_crop_params(image)[2:]) / 1e4 for _ in range(300)]
    assert 0.19 < min(areas) < 0.25 and max(areas) <= 1 and 0.5 < np.mean(areas) < 0.65
