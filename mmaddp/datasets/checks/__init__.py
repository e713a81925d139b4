"""Finds data that training would fail on before it starts, and names them."""

from .image_files import CheckImageFile
from .label_maps import CheckLabelMap
from .labels import CheckedCustomDataset, CheckedImageNet

__all__ = ['CheckImageFile', 'CheckLabelMap', 'CheckedCustomDataset', 'CheckedImageNet']
