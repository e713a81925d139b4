"""Token ids of a training set, in a folder of shards that are mapped into memory."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from mmaddp.datasets.checks.token_caches import Shard, open_shard, read_manifest
from mmaddp.datasets.token_manifest import FILE_NAME, TokenManifest, shard_name
from mmaddp.utils.atomic import atomic_path, write_text

TOOL = 'tools/dataset_converters/cache_tokens.py'
IMAGES_PER_SHARD = 512


def claim_cache(folder: Union[str, Path], manifest: TokenManifest) -> None:
    """Begin a token cache, or go on with one that was made with the very same settings.

    Several processes may do this at the same time.

    Args:
        folder (str | Path): The cache's folder; it is made.
        manifest (TokenManifest): What it is to hold.

    Raises:
        ValueError: The folder holds another cache.
    """
    folder = Path(folder)
    if (folder / FILE_NAME).is_file():
        try:
            lines = read_manifest(folder).differences(manifest)
        except ValueError as error:
            lines = [str(error)]
        if lines:
            raise ValueError(
                f'{folder} holds another token cache:\n  ' + '\n  '.join(lines) + '\n'
                'Choose another folder, or delete this one.'
            )
        return
    if folder.is_dir() and any(folder.glob(shard_name(0).replace('000000', '*'))):
        raise ValueError(
            f'{folder} holds shards of a token cache without their {FILE_NAME}, so nothing says '
            'what they were made with. Choose another folder, or delete this one.'
        )
    write_text(folder / FILE_NAME, manifest.to_json())


def missing_shards(folder: Union[str, Path], manifest: TokenManifest) -> Iterator[int]:
    """Numbers of the shards that are not written yet, in ascending order."""
    there = set(os.listdir(folder))
    return (shard for shard in range(manifest.num_shards) if shard_name(shard) not in there)


def write_shard(
    folder: Union[str, Path],
    manifest: TokenManifest,
    shard: int,
    token_ids: Tensor,
    file_names: Sequence[str],
) -> None:
    """Write a shard; the file appears when it is complete.

    Its bytes depend on the arguments alone.

    Args:
        folder (str | Path): The cache's folder.
        manifest (TokenManifest): Its manifest.
        shard (int): Number of the shard.
        token_ids (Tensor): Integers in 0..num_codes-1, shape (n, A, L), for the n images of the
            shard.
        file_names (Sequence[str]): Names of the n images.

    Raises:
        ValueError: The ids are not of that shape or range, or the names not of that number.
    """
    number = len(manifest.images(shard))
    expected = (number, manifest.num_views, manifest.num_tokens)
    if tuple(token_ids.shape) != expected or len(file_names) != number:
        raise ValueError(
            f'Shard {shard} takes {number} names and token ids of shape {expected}, got '
            f'{len(file_names)} and {tuple(token_ids.shape)}.'
        )
    low, high = int(token_ids.min()), int(token_ids.max())
    if low < 0 or high >= manifest.num_codes:
        raise ValueError(
            f'Token ids span {low}..{high}, but the codebook has {manifest.num_codes} codes.'
        )
    encoded = [name.encode('utf-8', 'surrogateescape') for name in file_names]
    kind = torch.int16 if manifest.bytes_per_token == 2 else torch.int32
    content = dict(
        token_ids=token_ids.to('cpu', kind).contiguous(),
        names=torch.from_numpy(np.frombuffer(b''.join(encoded), np.uint8).copy()),
        name_ends=torch.tensor([len(name) for name in encoded]).cumsum(0),
    )
    with atomic_path(Path(folder) / shard_name(shard)) as unfinished:
        # One entry: safetensors writes several in any order.
        save_file(content, unfinished, dict(cache=manifest.digest))


def write_token_cache(
    folder: Union[str, Path],
    token_ids: Tensor,
    file_names: Sequence[str],
    num_codes: int,
    images_per_shard: int = IMAGES_PER_SHARD,
    **made_with: Any,
) -> TokenManifest:
    """Write a whole token cache from ids that are in memory.

    Args:
        folder (str | Path): The cache's folder.
        token_ids (Tensor): Integers in 0..num_codes-1, shape (N, A, L): N images, A augmented
            versions of each, L tokens in row-major order.
        file_names (Sequence[str]): Names of the N images.
        num_codes (int): Size of the codebook.
        images_per_shard (int): Images of a shard file. Defaults to 512.
        **made_with: Other fields of :class:`TokenManifest`.

    Returns:
        TokenManifest: What was written.

    Raises:
        ValueError: The ids are not of that shape or range, or the folder holds another cache.
    """
    if token_ids.dim() != 3 or len(token_ids) != len(file_names):
        raise ValueError(
            f'Expected token ids (N, A, L) for {len(file_names)} files, got '
            f'{tuple(token_ids.shape)}.'
        )
    number, views, length = token_ids.shape
    manifest = TokenManifest(number, views, length, num_codes, images_per_shard, **made_with)
    claim_cache(folder, manifest)
    for shard in missing_shards(folder, manifest):
        images = manifest.images(shard)
        part = slice(images.start, images.stop)
        write_shard(folder, manifest, shard, token_ids[part], file_names[part])
    return manifest


class TokenCache:
    """A token cache, mapped into memory: what is not read stays on disk.

    Args:
        folder (str | Path): The cache's folder.

    Raises:
        FileNotFoundError: There is no such cache.
        ValueError: It is damaged or incomplete.

    Attributes:
        manifest (TokenManifest): What it holds and what it was made with.
    """

    def __init__(self, folder: Union[str, Path]) -> None:
        self.folder = Path(folder)
        self._shards: Optional[list[Shard]] = None
        if not (self.folder / FILE_NAME).is_file():
            raise FileNotFoundError(f'There is no token cache {folder}. Make it with {TOOL}.')
        try:
            self.manifest = read_manifest(self.folder)
            self._check_complete()
            self._open()
        except (OSError, ValueError) as error:
            raise ValueError(f'The token cache {folder} cannot be used: {error}.') from error

    def read(self, images: Sequence[int], views: Sequence[int]) -> Tensor:
        """Token ids of one version each of B images.

        Args:
            images (Sequence[int]): B numbers of images, 0..N-1.
            views (Sequence[int]): B numbers of versions, 0..A-1.

        Returns:
            Tensor: long, shape (B, L).

        Raises:
            ValueError: The file holds an id that is not a code of the codebook.
        """
        manifest, shards = self.manifest, self._open()
        size = manifest.num_tokens * manifest.bytes_per_token
        numbers, rows = np.divmod(np.asarray(images), manifest.images_per_shard)
        starts = (rows * manifest.num_views + np.asarray(views)) * size
        places = zip(numbers.tolist(), starts.tolist(), (starts + size).tolist())
        # Joining slices takes a fraction of the time of indexing arrays one by one.
        content = b''.join([shards[number].token_ids[start:end] for number, start, end in places])
        kind = np.int16 if manifest.bytes_per_token == 2 else np.int32
        token_ids = np.frombuffer(content, kind).reshape(-1, manifest.num_tokens)
        if token_ids.min() < 0 or token_ids.max() >= manifest.num_codes:
            self._report(token_ids, images, views)
        return torch.from_numpy(token_ids.astype(np.int64))

    def file_name(self, image: int) -> str:
        """Name of an image."""
        number, row = divmod(image, self.manifest.images_per_shard)
        shard = self._open()[number]
        start = shard.ends[row - 1] if row else 0
        return bytes(shard.names[start : shard.ends[row]]).decode('utf-8', 'surrogateescape')

    def _check_complete(self) -> None:
        missing = next(missing_shards(self.folder, self.manifest), None)
        if missing is not None:
            raise ValueError(
                f'it is not complete, {shard_name(missing)} of {self.manifest.num_shards} shards '
                'is missing; the command that began it goes on with it'
            )

    def _open(self) -> list[Shard]:
        if self._shards is None:
            self._shards = [
                open_shard(self.folder / shard_name(shard), shard, self.manifest)
                for shard in range(self.manifest.num_shards)
            ]
        return self._shards

    def _report(self, token_ids: np.ndarray, images: Sequence[int], views: Sequence[int]) -> None:
        codes = self.manifest.num_codes
        row, place = np.argwhere((token_ids < 0) | (token_ids >= codes))[0].tolist()
        raise ValueError(
            f'The token cache {self.folder} is damaged: token {place} of version {views[row]} of '
            f'{self.file_name(images[row])} is {token_ids[row, place]}, but the codebook has '
            f'{codes} codes, 0 to {codes - 1}. Delete '
            f'{shard_name(images[row] // self.manifest.images_per_shard)} and make it again with '
            f'{TOOL}.'
        )

    def __getstate__(self) -> dict:
        # Every process maps the files for itself.
        return {**self.__dict__, '_shards': None}
