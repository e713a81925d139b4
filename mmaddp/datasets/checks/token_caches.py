"""Finds token caches whose content does not match their header."""

import json
from typing import NamedTuple

from safetensors import safe_open

FORMAT = 'mmaddp token cache 1'
WHOLE = ('U8', 'I8', 'I16', 'I32', 'I64')  # as safetensors writes kinds of numbers
# Ids that are checked together: 64 MiB as int32.
CHUNK = 2**24


class TokenCacheContent(NamedTuple):
    """What a token cache holds besides its ids.

    Attributes:
        shape (tuple[int, int, int]): N images, A versions of each, L tokens; each at least 1.
        num_codes (int): Size of the codebook.
        tokenizer_sha256 (str): SHA-256 of the tokenizer's checkpoint file.
        file_names (list[str]): Names of the N images.
    """

    shape: tuple[int, int, int]
    num_codes: int
    tokenizer_sha256: str
    file_names: list[str]


def check_token_cache(file: safe_open) -> TokenCacheContent:
    """Check the content of a token cache, all ids included, which are read once, in parts.

    Args:
        file (safe_open): The open file.

    Returns:
        TokenCacheContent: What it says about its ids.

    Raises:
        SafetensorError: The file lacks a tensor, or cannot be read.
        ValueError: It is not a token cache; its numbers or names are of the wrong type or count;
            or an id is not a code of the codebook.
    """
    metadata = file.metadata() or {}
    if metadata.get('format') != FORMAT:
        raise ValueError(f'it is not a token cache (format {metadata.get("format")!r})')
    codes = metadata.get('num_codes', '')
    if not (codes.isascii() and codes.isdigit() and int(codes[:10]) > 0 and len(codes) <= 10):
        raise ValueError(f'its num_codes is {codes!r}, expected a number above 0')
    if 'tokenizer_sha256' not in metadata:
        raise ValueError('it does not say which tokenizer made it (tokenizer_sha256)')
    ids = file.get_slice('token_ids')
    shape, kind = tuple(ids.get_shape()), ids.get_dtype()
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f'its token ids have the shape {shape}, expected (images, versions, L)')
    if kind not in WHOLE:
        raise ValueError(f'its token ids are of the kind {kind}, expected whole numbers')
    names = _file_names(file, shape[0])
    _check_range(ids, shape, int(codes), names)
    return TokenCacheContent(shape, int(codes), metadata['tokenizer_sha256'], names)


def _file_names(file: safe_open, number: int) -> list[str]:
    raw = file.get_tensor('file_names').numpy().tobytes()
    try:
        names = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'its file names are not JSON ({error})') from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError('its file names are not a list of strings')
    if len(names) != number:
        raise ValueError(f'it has {len(names)} file names for {number} images')
    return names


def _check_range(ids, shape: tuple[int, ...], num_codes: int, names: list[str]) -> None:
    step = max(CHUNK // (shape[1] * shape[2]), 1)
    for start in range(0, shape[0], step):
        part = ids[start : start + step]
        wrong = ((part < 0) | (part >= num_codes)).nonzero()
        if len(wrong):
            image, version, place = wrong[0].tolist()
            raise ValueError(
                f'token {place} of version {version} of {names[start + image]} is '
                f'{int(part[image, version, place])}, but the codebook has {num_codes} codes, 0 to '
                f'{num_codes - 1}'
            )
