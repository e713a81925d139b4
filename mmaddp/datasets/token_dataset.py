"""A data set of cached token ids."""

from pathlib import Path
from typing import Optional

import torch
from mmpretrain.structures import DataSample
from torch.utils.data import Dataset

from mmaddp.registry import DATASETS
from mmaddp.utils.hashing import file_sha256

from .token_cache import TokenCache


@DATASETS.register_module()
class TokenDataset(Dataset):
    """Cached token ids in place of images.

    A pre-training step uses nothing of an image but its tokens, so the tokenizer's encoder need
    not run in training. Each access picks one of the cached augmented versions with PyTorch's CPU
    generator; inside ``mmaddp.SeededDataset`` the choice is a function of (seed, epoch, index).

    A sample is ``dict(inputs=token_ids, data_samples=DataSample)``: token ids long, (L,), in
    0..num_codes-1; the sample's metainfo holds ``sample_idx``, ``img_path`` and ``view``.

    Args:
        data_file (str): File written by ``tools/dataset_converters/cache_tokens.py``.
        num_codes (int): Size of the codebook that the model expects.
        tokenizer_file (str, optional): The tokenizer's checkpoint that the model loads; it must
            be the one that made the cache. None leaves this unchecked. Defaults to None.

    Raises:
        FileNotFoundError: One of the files is missing.
        ValueError: The file is damaged or not a token cache, or it was made with another codebook.
    """

    def __init__(
        self, data_file: str, num_codes: int, tokenizer_file: Optional[str] = None
    ) -> None:
        self.cache = TokenCache(data_file)
        if self.cache.num_codes != num_codes:
            raise ValueError(
                f'{data_file} was made with a codebook of {self.cache.num_codes} codes, but '
                f'num_codes={num_codes}. Make it again with the tokenizer of this model.'
            )
        if tokenizer_file is not None:
            self._check_tokenizer(data_file, tokenizer_file)
        self.metainfo = dict(num_codes=num_codes, num_tokens=self.cache.shape[2])

    def __len__(self) -> int:
        return self.cache.shape[0]

    def __getitem__(self, index: int) -> dict:
        index = range(len(self))[index]
        view = int(torch.randint(self.cache.shape[1], ()))
        metainfo = dict(sample_idx=index, img_path=self.cache.file_names[index], view=view)
        return dict(inputs=self.cache.read(index, view), data_samples=DataSample(metainfo=metainfo))

    def _check_tokenizer(self, data_file: str, tokenizer_file: str) -> None:
        if not Path(tokenizer_file).is_file():
            raise FileNotFoundError(f'There is no tokenizer checkpoint {tokenizer_file}.')
        found = file_sha256(tokenizer_file)
        if found != self.cache.tokenizer_sha256:
            raise ValueError(
                f'{data_file} was made with another tokenizer (SHA-256 '
                f'{self.cache.tokenizer_sha256[:12]}) than {tokenizer_file} ({found[:12]}). '
                'Make it again with tools/dataset_converters/cache_tokens.py.'
            )
