"""A data set of seeds: what a generation runs over."""

from collections.abc import Sequence
from typing import Optional

from mmpretrain.structures import DataSample
from torch.utils.data import Dataset

from mmaddp.registry import DATASETS

from .seeding import check_seed, sample_seeds

SEED_RULE = 'image i from numpy.random.SeedSequence((seed, 0, i))'


@DATASETS.register_module()
class GenerationSeeds(Dataset):
    """Images to generate, as numbers and seeds; no image is read.

    A sample is ``dict(data_samples=DataSample)`` whose metainfo holds ``sample_idx``, the number of
    the image, and ``seed``, the seed of that one image: a function of (seed, number) alone.

    Args:
        num_images (int, optional): Images to generate. Defaults to None: ``indices`` says which.
        seed (int): Non-negative seed of the whole set. Defaults to 0.
        first_index (int): Number of the first image, with ``num_images``. Defaults to 0.
        indices (Sequence[int], optional): Numbers of the images to generate, instead of
            ``num_images``; sorted, and each taken once. Defaults to None.

    Raises:
        ValueError: There is nothing to generate, a number or the seed is negative, or
            ``num_images`` and ``indices`` are both given.
    """

    def __init__(
        self,
        num_images: Optional[int] = None,
        seed: int = 0,
        first_index: int = 0,
        indices: Optional[Sequence[int]] = None,
    ) -> None:
        if indices is None:
            if num_images is None or num_images < 1:
                raise ValueError(f'num_images must be at least 1, got {num_images}.')
            indices = range(first_index, first_index + num_images)
        elif num_images is not None or first_index:
            raise ValueError('Give num_images (with first_index) or indices, not both.')
        else:
            indices = sorted(set(indices))
        if not indices or indices[0] < 0:
            raise ValueError(f'Image numbers must not be negative, got {list(indices[:1])}.')
        self.indices = indices
        self.seed = check_seed(seed)
        self.metainfo = dict(seed=self.seed)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> dict:
        return dict(data_samples=self.sample(self.indices[position]))

    def sample(self, index: int) -> DataSample:
        """The data sample of any image number, whether it is to be generated or not."""
        image_seed = sample_seeds(self.seed, 0, index).sample
        return DataSample(metainfo=dict(sample_idx=index, seed=image_seed))
