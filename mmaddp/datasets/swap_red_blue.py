"""From RGB to BGR and back."""

import cv2
from mmcv.transforms import BaseTransform

from mmaddp.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SwapRedBlue(BaseTransform):
    """Exchange the first and the third channel, for transforms that assume the other order.

    Modified keys: ``img`` (H, W, 3), uint8 or float32.
    """

    def transform(self, results: dict) -> dict:
        """Exchange the channels."""
        results['img'] = cv2.cvtColor(results['img'], cv2.COLOR_BGR2RGB)
        return results
