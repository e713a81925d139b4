from mmpretrain.structures import DataSample
from torch.utils.data import Dataset

from mmaddp.registry import DATASETS

from .seeding import check_seed, sample_seeds


@DATASETS.register_module()
class GenerationSeeds(Dataset):
    """Images to generate, as seeds; no image is read.

    A sample is ``dict(data_samples=DataSample)`` whose metainfo holds ``sample_idx`` and ``seed``,
    the seed of that one image: a function of (seed, index) alone.

    Args:
        num_images (int): Images to generate.
        seed (int): Non-negative seed of the whole set. Defaults to 0.

    Raises:
        ValueError: If ``num_images`` is not positive or the seed is negative.
    """

    def __init__(self, num_images: int, seed: int = 0) -> None:
        if num_images < 1:
            raise ValueError(f'num_images must be at least 1, got {num_images}.')
        self.num_images = num_images
        self.seed = check_seed(seed)
        self.metainfo = dict(seed=self.seed)

    def __len__(self) -> int:
        return self.num_images

    def __getitem__(self, index: int) -> dict:
        index = range(len(self))[index]
        image_seed = sample_seeds(self.seed, 0, index).sample
        return dict(data_samples=DataSample(metainfo=dict(sample_idx=index, seed=image_seed)))
