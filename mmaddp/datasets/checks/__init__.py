"""Data that training would stumble over, found before it starts and called by name."""

from .label_maps import CheckLabelMap
from .labels import CheckedCustomDataset, CheckedImageNet

__all__ = ['CheckLabelMap', 'CheckedCustomDataset', 'CheckedImageNet']
