"""Data that training would stumble over, found before it starts and called by name."""

from .image_files import CheckImageFile
from .label_maps import CheckLabelMap
from .labels import CheckedCustomDataset, CheckedImageNet

__all__ = ['CheckImageFile', 'CheckLabelMap', 'CheckedCustomDataset', 'CheckedImageNet']
