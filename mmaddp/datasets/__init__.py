from .generation_seeds import GenerationSeeds
from .label_maps import CheckLabelMap
from .loading import LoadRGBImage
from .seeded_dataset import SeededDataset
from .seeded_sampler import SeededSampler
from .seeding import SampleIndex
from .token_dataset import TokenDataset

__all__ = [
    'CheckLabelMap',
    'GenerationSeeds',
    'LoadRGBImage',
    'SampleIndex',
    'SeededDataset',
    'SeededSampler',
    'TokenDataset',
]
