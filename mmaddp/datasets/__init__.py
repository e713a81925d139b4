"""Data sets, samplers, transforms and the token cache; importing it fills the registries."""

from .channels import LoadChannels
from .checks import CheckedCustomDataset, CheckedImageNet, CheckImageFile, CheckLabelMap
from .first_try_crop import FirstTryResizedCrop
from .generation_seeds import GenerationSeeds
from .loading import LoadRGBImage
from .seeded_dataset import SeededDataset
from .seeded_infinite_sampler import SeededInfiniteSampler
from .seeded_sampler import SeededSampler
from .seeding import SampleIndex
from .swap_red_blue import SwapRedBlue
from .tar_dataset import TarDataset
from .token_dataset import TokenDataset

__all__ = [
    'CheckImageFile',
    'CheckLabelMap',
    'CheckedCustomDataset',
    'CheckedImageNet',
    'FirstTryResizedCrop',
    'GenerationSeeds',
    'LoadChannels',
    'LoadRGBImage',
    'SampleIndex',
    'SeededDataset',
    'SeededInfiniteSampler',
    'SeededSampler',
    'SwapRedBlue',
    'TarDataset',
    'TokenDataset',
]
