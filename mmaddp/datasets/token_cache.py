"""Token ids of a training set in one file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Optional, Union

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mmaddp.datasets.checks.token_caches import FORMAT, check_token_cache
from mmaddp.utils.atomic import atomic_path
from mmaddp.utils.hashing import file_sha256 as file_sha256


def write_token_cache(
    path: Union[str, Path],
    token_ids: Tensor,
    file_names: Sequence[str],
    num_codes: int,
    tokenizer_sha256: str,
) -> None:
    """Write token ids to a ``.safetensors`` file; the file appears when it is complete.

    Args:
        path (str | Path): The file.
        token_ids (Tensor): Integers in 0..num_codes-1, shape (N, A, L): N images, A augmented
            versions of each, L tokens in row-major order.
        file_names (Sequence[str]): Names of the N images.
        num_codes (int): Size of the codebook.
        tokenizer_sha256 (str): SHA-256 of the tokenizer's checkpoint file.

    Raises:
        ValueError: The ids are not of that shape or range.
    """
    if token_ids.dim() != 3 or len(token_ids) != len(file_names):
        raise ValueError(
            f'Expected token ids (N, A, L) for {len(file_names)} files, got '
            f'{tuple(token_ids.shape)}.'
        )
    low, high = int(token_ids.min()), int(token_ids.max())
    if low < 0 or high >= num_codes:
        raise ValueError(f'Token ids span {low}..{high}, but the codebook has {num_codes} codes.')
    dtype = torch.int16 if num_codes <= 2**15 else torch.int32
    # A header of safetensors holds 100 MB at most: the names of a million files are data.
    names = np.frombuffer(json.dumps(list(file_names)).encode(), np.uint8).copy()
    metadata = dict(format=FORMAT, num_codes=str(num_codes), tokenizer_sha256=tokenizer_sha256)
    content = dict(token_ids=token_ids.to(dtype).contiguous(), file_names=torch.from_numpy(names))
    with atomic_path(path) as unfinished:
        save_file(content, unfinished, metadata)


class TokenCache:
    """Token ids in a file that :func:`write_token_cache` wrote; they stay on disk until read.

    Args:
        path (str | Path): The file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, not a token cache, or holds ids that no tokenizer makes.

    Attributes:
        shape (tuple[int, int, int]): N images, A versions of each, L tokens.
        num_codes (int): Size of the codebook.
        tokenizer_sha256 (str): SHA-256 of the tokenizer's checkpoint file.
        file_names (list[str]): Names of the N images.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = str(path)
        self._file: Optional[safe_open] = None
        if not Path(path).is_file():
            raise FileNotFoundError(
                f'There is no token cache {path}. '
                'Make it with tools/dataset_converters/cache_tokens.py.'
            )
        try:
            content = check_token_cache(self._open())
        except (SafetensorError, OSError, ValueError) as error:
            raise ValueError(
                f'The token cache {path} cannot be used: {error}. Make it again with '
                'tools/dataset_converters/cache_tokens.py.'
            ) from error
        self.shape = content.shape
        self.num_codes = content.num_codes
        self.tokenizer_sha256 = content.tokenizer_sha256
        self.file_names = content.file_names

    def read(self, index: int, view: int) -> Tensor:
        """Token ids of one version of one image, long, shape (L,)."""
        token_ids = self._open().get_slice('token_ids')[index : index + 1, view : view + 1]
        return token_ids.flatten().long()

    def _open(self) -> safe_open:
        if self._file is None:
            self._file = safe_open(self.path, 'pt')
        return self._file

    def __getstate__(self) -> dict:
        # Every process maps the file for itself.
        return {**self.__dict__, '_file': None}
