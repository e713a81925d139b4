"""Parts of ViTDet's detectors that mmdetection does otherwise; they are subclasses of its own."""

from .vitdet_cascade_roi_head import ViTDetCascadeRoIHead
from .vitdet_mask_head import ViTDetMaskHead

__all__ = ['ViTDetCascadeRoIHead', 'ViTDetMaskHead']
