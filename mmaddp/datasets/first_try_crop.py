"""The random crop of MAGE, without a second try."""

import math

import numpy as np
from mmcv.transforms.utils import cache_randomness
from mmpretrain.datasets.transforms import RandomResizedCrop

from mmaddp.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FirstTryResizedCrop(RandomResizedCrop):
    """Random resized crop that takes its first draw, cut to the image, as in linear probing.

    The host's crop draws again until the rectangle fits. MAE and MAGE follow BYOL here: one draw of
    area and aspect ratio, whose sides are at most those of the image, so that wide and tall
    pictures are cropped less. Source: ``util/crop.py`` of MAE. Takes the arguments of
    mmpretrain's ``RandomResizedCrop``.
    """

    @cache_randomness
    def rand_crop_params(self, img: np.ndarray) -> tuple[int, int, int, int]:
        """Draw offset and size of the crop, in pixels: top, left, height, width."""
        height, width = img.shape[:2]
        area = np.random.uniform(*self.crop_ratio_range) * height * width
        low, high = map(math.log, self.aspect_ratio_range)
        ratio = math.exp(np.random.uniform(low, high))
        crop_width = min(max(round(math.sqrt(area * ratio)), 1), width)
        crop_height = min(max(round(math.sqrt(area / ratio)), 1), height)
        top = np.random.randint(0, height - crop_height + 1)
        left = np.random.randint(0, width - crop_width + 1)
        return top, left, crop_height, crop_width
