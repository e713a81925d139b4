"""What a token cache holds, and what it was made with."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

FORMAT = 'mmaddp token cache 2'
FILE_NAME = 'manifest.json'


@dataclass(frozen=True)
class TokenManifest:
    """The text file of a token cache, written before any token.

    Attributes:
        num_images (int): Images, N.
        num_views (int): Augmented versions of each image, A.
        num_tokens (int): Tokens of a version, L.
        num_codes (int): Size of the codebook.
        images_per_shard (int): Images of a shard file; the last shard may hold fewer.
        tokenizer_sha256 (str): Checksum of the tokenizer's weights
            (:func:`mmaddp.utils.tensor_hashing.tensors_sha256`); '' for tokens of no tokenizer.
        image_size (tuple[int, ...]): Height and width in pixels of what was encoded.
        augmentation (tuple[str, ...]): See :func:`augmentation_text`.
        seed (int): Seed of the augmentation.
        batch_size (int): Images that were encoded together.
    """

    num_images: int
    num_views: int
    num_tokens: int
    num_codes: int
    images_per_shard: int
    tokenizer_sha256: str = ''
    image_size: tuple[int, ...] = ()
    augmentation: tuple[str, ...] = ()
    seed: int = 0
    batch_size: int = 1

    @property
    def num_shards(self) -> int:
        """Number of shard files."""
        return -(-self.num_images // self.images_per_shard)

    @property
    def shard_bytes(self) -> int:
        """Size of a full shard's tokens in bytes."""
        return self.images_per_shard * self.num_views * self.num_tokens * self.bytes_per_token

    @property
    def bytes_per_token(self) -> int:
        """2, or 4 where the codebook is larger than 16-bit integers reach."""
        return 2 if self.num_codes <= 2**15 else 4

    @property
    def digest(self) -> str:
        """Checksum of the manifest; the shards carry it."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def images(self, shard: int) -> range:
        """Numbers of the images of a shard."""
        start = shard * self.images_per_shard
        return range(start, min(start + self.images_per_shard, self.num_images))

    def to_json(self) -> str:
        """The text of the file."""
        return json.dumps(dict(format=FORMAT, **asdict(self)), indent=2) + '\n'

    def differences(self, asked: 'TokenManifest') -> list[str]:
        """Say in what another manifest differs from this one, one line each."""
        lines = []
        for field in fields(self):
            here, there = getattr(self, field.name), getattr(asked, field.name)
            if here != there:
                lines.append(difference(field.name, here, there))
        return lines


def shard_name(shard: int) -> str:
    """Name of a shard file."""
    return f'tokens-{shard:06d}.safetensors'


def difference(name: str, cached: Any, asked: Any) -> str:
    """A line that says what a cache was made with, and what is asked."""
    if isinstance(cached, tuple) and isinstance(asked, tuple) and name == 'augmentation':
        cached, asked = _where_they_differ(cached, asked)
    return f'{name}: made with {cached}, asked for {asked}'


def _where_they_differ(first: tuple, second: tuple) -> tuple[str, str]:
    """The steps that only one of two pipelines has, or all where only their order differs."""
    own = [step for step in first if step not in second], [s for s in second if s not in first]
    lists = own if any(own) else (list(first), list(second))
    return tuple(', '.join(steps) or 'nothing' for steps in lists)  # type: ignore[return-value]
