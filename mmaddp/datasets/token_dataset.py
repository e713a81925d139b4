"""A data set of cached token ids."""

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import torch
from mmpretrain.structures import DataSample
from torch.utils.data import Dataset

from mmaddp.registry import DATASETS

from .augmentation_text import augmentation_text
from .seeding import SampleIndex
from .token_cache import TOOL, TokenCache
from .token_manifest import difference


@DATASETS.register_module()
class TokenDataset(Dataset):
    """Cached token ids in place of images.

    A pre-training step uses nothing of an image but its tokens, so the tokenizer's encoder need
    not run in training. The cached versions of an image take turns: epoch e gets version e mod A,
    which was cropped and flipped just as the image itself would be in epoch e of a run with the
    cache's seed. The epoch comes with the index (``mmaddp.SeededSampler``); for a plain integer a
    version is drawn with PyTorch's CPU generator.

    A sample is ``dict(inputs=token_ids, data_samples=DataSample)``: token ids long, (L,), in
    0..num_codes-1; the sample's metainfo holds ``sample_idx``, ``img_path`` and ``view``.

    Args:
        data_root (str): Folder written by ``tools/dataset_converters/cache_tokens.py``.
        num_codes (int): Size of the codebook that the model expects.
        pipeline (Sequence[Mapping], optional): The pipeline that images would go through. It is
            not run, but the cache must have been made with it. None leaves this unchecked.
            Defaults to None.

    Raises:
        FileNotFoundError: There is no such cache.
        ValueError: It is damaged or incomplete, or was made with another codebook or pipeline.
    """

    # For mmaddp.SeededDataset: an index that knows its epoch leaves nothing to chance.
    draws_nothing = True

    def __init__(
        self, data_root: str, num_codes: int, pipeline: Optional[Sequence[Mapping]] = None
    ) -> None:
        self.cache = TokenCache(data_root)
        made_with = self.cache.manifest
        problems = []
        if made_with.num_codes != num_codes:
            problems.append(difference('num_codes', made_with.num_codes, num_codes))
        if pipeline is not None and augmentation_text(pipeline) != made_with.augmentation:
            asked = augmentation_text(pipeline)
            problems.append(difference('augmentation', made_with.augmentation, asked))
        if problems:
            raise ValueError(
                f'The token cache {data_root} does not fit this training:\n  '
                + '\n  '.join(problems)
                + f'\nMake another one with {TOOL}, or change the settings.'
            )
        self.metainfo = dict(num_codes=num_codes, num_tokens=made_with.num_tokens)

    def __len__(self) -> int:
        return self.cache.manifest.num_images

    def __getitem__(self, index: int) -> dict:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[dict]:
        """Samples of a batch; data loaders call this, since one reading is quicker than many."""
        images = [range(len(self))[index] for index in indices]
        views = [self._view(index) for index in indices]
        token_ids = self.cache.read(images, views)
        return [
            dict(
                inputs=ids,
                data_samples=_described(
                    sample_idx=image, img_path=self.cache.file_name(image), view=view
                ),
            )
            for image, view, ids in zip(images, views, token_ids)
        ]

    def _view(self, index: int) -> int:
        num_views = self.cache.manifest.num_views
        if isinstance(index, SampleIndex):
            return index.epoch % num_views
        return int(torch.randint(num_views, ()))


def _described(**metainfo: Any) -> DataSample:
    """A data sample; ``DataSample(metainfo=...)`` copies deeply, which takes long."""
    sample = DataSample()
    for name, value in metainfo.items():
        sample.set_field(value, name, field_type='metainfo')
    return sample
