"""Finds token caches whose files do not hold what they should."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open

from mmaddp.datasets.token_manifest import FILE_NAME, FORMAT, TokenManifest

# Numbers of a manifest, and their largest sensible values.
NUMBERS = dict(
    num_images=2**40,
    num_views=2**20,
    num_tokens=2**20,
    num_codes=2**31 - 1,
    images_per_shard=2**30,
    batch_size=2**30,
)
MAX_MANIFEST_BYTES = 2**20


class Shard(NamedTuple):
    """A shard in memory-mapped form: nothing is read before it is used.

    Attributes:
        token_ids (memoryview): Bytes of the ids of all versions of all its images.
        names (np.ndarray): UTF-8 bytes of all file names, one after another.
        ends (np.ndarray): int64, where each name ends.
    """

    token_ids: memoryview
    names: np.ndarray
    ends: np.ndarray


def read_manifest(folder: Path) -> TokenManifest:
    """Read and check the manifest of a token cache.

    Raises:
        ValueError: It is not one, or its values are of the wrong kind or size.
    """
    file = folder / FILE_NAME
    if file.stat().st_size > MAX_MANIFEST_BYTES:
        raise ValueError(f'{FILE_NAME} is larger than a manifest can be')
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{FILE_NAME} is not JSON ({error})') from error
    if not isinstance(content, dict) or content.get('format') != FORMAT:
        raise ValueError(f'{FILE_NAME} does not say {FORMAT!r}')
    for name, most in NUMBERS.items():
        _check_whole(name, content.get(name), 1, most)
    _check_whole('seed', content.get('seed'), 0, 2**64)
    sha256 = content.get('tokenizer_sha256')
    if not isinstance(sha256, str) or not re.fullmatch('([0-9a-f]{64})?', sha256):
        raise ValueError(f'tokenizer_sha256 is {sha256!r}, expected a SHA-256 or nothing')
    size = _list_of(content, 'image_size', int)
    augmentation = _list_of(content, 'augmentation', str)
    numbers = {name: content[name] for name in (*NUMBERS, 'seed')}
    return TokenManifest(
        tokenizer_sha256=sha256, image_size=size, augmentation=augmentation, **numbers
    )


def _check_whole(name: str, value: Any, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f'{name} is {value!r}, expected a whole number from {low} to {high}')


def _list_of(content: dict, name: str, kind: type) -> tuple:
    value = content.get(name)
    if not isinstance(value, list) or not all(type(item) is kind for item in value):
        raise ValueError(f'{name} is {value!r}, expected a list of {kind.__name__}')
    return tuple(value)


def open_shard(file: Path, shard: int, manifest: TokenManifest) -> Shard:
    """Map a shard and check everything about it but the ids, which are checked where they are read.

    Raises:
        ValueError: It is damaged, belongs to another cache, or does not hold what the manifest
            says.
    """
    try:
        with safe_open(file, 'pt') as content:
            found = {name: content.get_tensor(name) for name in ('token_ids', 'names', 'name_ends')}
            metadata = content.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ValueError(f'{file.name} cannot be read ({error})') from error
    if metadata.get('cache') != manifest.digest:
        raise ValueError(f'{file.name} belongs to another cache')
    number = len(manifest.images(shard))
    whole = f'torch.int{8 * manifest.bytes_per_token}'
    expected = dict(
        token_ids=(whole, (number, manifest.num_views, manifest.num_tokens)),
        names=('torch.uint8', found['names'].shape[:1]),
        name_ends=('torch.int64', (number,)),
    )
    for name, (kind, shape) in expected.items():
        tensor = found[name]
        if str(tensor.dtype) != kind or tensor.shape != shape:
            raise ValueError(
                f'{file.name} holds {name} of {tensor.dtype} {tuple(tensor.shape)}, expected {kind}'
                f' {tuple(shape)}'
            )
    names, ends = found['names'].numpy(), found['name_ends'].numpy()
    if ends[0] < 0 or (np.diff(ends) < 0).any() or ends[-1] != len(names):
        raise ValueError(f'{file.name} holds names whose lengths do not add up')
    ids = found['token_ids'].numpy().reshape(-1)
    return Shard(memoryview(ids).cast('B'), names, ends)
