"""Encode a training set once, shard by shard: tools/dataset_converters/cache_tokens.py."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Optional, Union

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.registry import init_default_scope
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmaddp.datasets import SampleIndex, SeededDataset
from mmaddp.datasets.augmentation_text import augmentation_text
from mmaddp.datasets.nesting import first_settings
from mmaddp.datasets.token_cache import (
    IMAGES_PER_SHARD,
    claim_cache,
    missing_shards,
    write_shard,
)
from mmaddp.datasets.token_manifest import TokenManifest
from mmaddp.registry import MODELS
from mmaddp.run.config import read_config
from mmaddp.run.inputs import check_inputs
from mmaddp.utils.config_types import type_name
from mmaddp.utils.free_space import need_space
from mmaddp.utils.tensor_hashing import tensors_sha256
from mmaddp.utils.tf32 import tf32
from mmaddp.weights.addresses import local_path
from mmaddp.weights.checkpoint import extract_state_dict, load_from_local, load_weights

RANK_VARIABLES = dict(
    pytorch=('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    slurm=('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),  # set from Slurm's own by prepare_launch
    mpi=('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
)


class TokenCaching:
    """Writes the token cache of the training set of a tokenizer-training config.

    Every shard is a function of the settings: neither the process that writes it, nor their
    number, nor what was written before changes a byte. Images are encoded in batches of one size,
    the last one of a shard filled up, since float32 sums depend on the size of a batch.

    Args:
        checkpoint (str): Of the tokenizer training, a file or an address.
        out (str | Path): Folder of the cache.
        num_views (int): Versions of each image. Defaults to 8.
        seed (int): Seed of the augmentation. Defaults to 0.
        batch_size (int): Images that are encoded together. Defaults to 64.
        images_per_shard (int): Images of a shard file. Defaults to 512.
        num_workers (int): Processes that read images. Defaults to 2.
        device (str, optional): Defaults to None: the GPU if there is one.
        **arguments: Those of :func:`mmaddp.run.config.read_config`, ``config`` first of all.

    Raises:
        FileNotFoundError: Images or checkpoint are not there.
        ValueError: The configuration does not train a tokenizer, the checkpoint does not fit it,
            or the folder holds another cache.
    """

    def __init__(
        self,
        checkpoint: str,
        out: Union[str, Path],
        num_views: int = 8,
        seed: int = 0,
        batch_size: int = 64,
        images_per_shard: int = IMAGES_PER_SHARD,
        num_workers: int = 2,
        device: Optional[str] = None,
        **arguments: Any,
    ) -> None:
        cfg = read_config(**arguments)
        if type_name(cfg.get('model')) != 'VQGANTraining' or not cfg.get('train_dataloader'):
            raise ValueError(
                f'{cfg.filename} does not train a tokenizer: its model is not a VQGANTraining.'
            )
        check_inputs(cfg, ('train_dataloader',), pretrained=False)
        init_default_scope(cfg.get('default_scope', 'mmpretrain'))
        self.rank, self.num_ranks, local_rank = _ranks(cfg.launcher)
        gpu = f'cuda:{local_rank % max(torch.cuda.device_count(), 1)}'
        self.device = device or (gpu if torch.cuda.is_available() else 'cpu')
        self.out = Path(out)
        self.num_workers = num_workers
        self.tokenizer, self.preprocessor = build_tokenizer(cfg, str(local_path(checkpoint)))
        sha256 = tensors_sha256(self.tokenizer.state_dict())
        self.tokenizer.to(self.device)
        self.preprocessor.to(self.device)
        self.dataset = build_dataset(cfg.train_dataloader.dataset, seed)
        height, width = self.dataset[0]['inputs'].shape[-2:]
        stride = self.tokenizer.stride
        self.manifest = TokenManifest(
            num_images=len(self.dataset),
            num_views=num_views,
            num_tokens=(height // stride) * (width // stride),
            num_codes=self.tokenizer.num_codes,
            images_per_shard=images_per_shard,
            tokenizer_sha256=sha256,
            image_size=(height, width),
            augmentation=augmentation_text(first_settings(cfg.train_dataloader.dataset).pipeline),
            seed=seed,
            batch_size=batch_size,
        )
        claim_cache(self.out, self.manifest)

    def missing(self) -> list[int]:
        """Numbers of the shards that no process has written yet."""
        return list(missing_shards(self.out, self.manifest))

    def own_share(self) -> list[int]:
        """Those of them that are this rank's; which ones these are depends on nothing else."""
        return [shard for shard in self.missing() if shard % self.num_ranks == self.rank]

    def write(self, shards: Sequence[int]) -> None:
        """Encode and write shards, one after another; memory holds one at a time.

        Args:
            shards (Sequence[int]): Their numbers.

        Raises:
            OSError: The disk has not enough room for all that is missing.
        """
        need_space(self.out, len(self.missing()) * self.manifest.shard_bytes)
        loader = DataLoader(
            self.dataset,
            batch_sampler=_Batches(self.manifest, shards),
            num_workers=self.num_workers,
            collate_fn=default_collate,
        )
        steps = iter(track(loader, description='Encoding', disable=self.rank > 0))
        num_views = self.manifest.num_views
        for shard in shards:
            ids: list[Tensor] = []
            names: list[str] = []
            while len(names) < len(self.manifest.images(shard)) * num_views:
                batch = next(steps)
                ids.append(self.encode(batch['inputs']))
                names += [sample.get('img_path', '') for sample in batch['data_samples']]
            token_ids = torch.cat(ids).unflatten(0, (-1, num_views))
            write_shard(self.out, self.manifest, shard, token_ids, names[::num_views])
        next(steps, None)  # the end of the progress bar

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """Tokenise images; a picture's ids do not depend on the others.

        Args:
            images (Tensor): RGB in 0..255, shape (b, 3, H, W), at most ``batch_size`` of them.

        Returns:
            Tensor: Token ids, long, shape (b, L), on the CPU.
        """
        number = len(images)
        images = F.pad(images, (0, 0) * 3 + (0, self.manifest.batch_size - number))
        exact = torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        )
        with tf32(allowed=False), exact:
            inputs = self.preprocessor(dict(inputs=images, data_samples=None))['inputs']
            return self.tokenizer.encode(inputs)[0][:number].cpu()


class _Batches:
    """Batch sampler: the versions of each image, image by image, shard by shard."""

    def __init__(self, manifest: TokenManifest, shards: Sequence[int]) -> None:
        self.manifest = manifest
        self.shards = shards

    def __len__(self) -> int:
        numbers = (len(self.manifest.images(shard)) for shard in self.shards)
        size = self.manifest.batch_size
        return sum(-(-number * self.manifest.num_views // size) for number in numbers)

    def __iter__(self) -> Iterator[list[SampleIndex]]:
        for shard in self.shards:
            crops = (
                SampleIndex(image, view)
                for image in self.manifest.images(shard)
                for view in range(self.manifest.num_views)
            )
            while batch := list(islice(crops, self.manifest.batch_size)):
                yield batch


def _ranks(launcher: str) -> tuple[int, int, int]:
    """Number of this process, number of processes, number of this process on its machine."""
    if launcher == 'none':
        return 0, 1, 0
    rank, number, local_rank = RANK_VARIABLES[launcher]
    environ = os.environ
    return int(environ[rank]), int(environ[number]), int(environ.get(local_rank, 0))


def build_tokenizer(cfg: Config, checkpoint: str) -> tuple[nn.Module, nn.Module]:
    """Build tokenizer and preprocessor of a ``VQGANTraining`` config, with weights."""
    tokenizer = MODELS.build(cfg.model['tokenizer'])
    content = load_from_local(checkpoint, 'cpu')
    load_weights(tokenizer, extract_state_dict(content, checkpoint, 'tokenizer'), checkpoint)
    preprocessor = dict(type='mmaddp.ADDPDataPreprocessor')
    preprocessor.update(cfg.model.get('data_preprocessor') or cfg.get('data_preprocessor') or {})
    return tokenizer.eval(), MODELS.build(preprocessor)


def build_dataset(dataset_cfg: dict, seed: int) -> SeededDataset:
    """Build the training set, seeded by ``seed`` regardless of its config."""
    if type_name(dataset_cfg) == 'SeededDataset':
        dataset_cfg = dataset_cfg['dataset']
    dataset = SeededDataset(dataset_cfg, seed=seed)
    dataset.full_init()
    return dataset


def cache_tokens(checkpoint: str, out: Union[str, Path], **arguments: Any) -> str:
    """Write this process's share of a token cache, or what an interrupted call left of it.

    Args:
        checkpoint (str): Of the tokenizer training, a file or an address.
        out (str | Path): Folder of the cache.
        **arguments: The other ones of :class:`TokenCaching`.

    Returns:
        str: What was written.

    Raises:
        FileNotFoundError: Images or checkpoint are not there.
        ValueError: See :class:`TokenCaching`.
        OSError: The disk is full.
    """
    caching = TokenCaching(checkpoint, out, **arguments)
    shards = caching.own_share()
    caching.write(shards)
    manifest, missing = caching.manifest, len(caching.missing())
    size = manifest.num_shards * manifest.shard_bytes
    state = f'{missing} still missing, which other processes write' if missing else 'complete'
    return (
        f'{out}: {manifest.num_images} images x {manifest.num_views} views x '
        f'{manifest.num_tokens} tokens, at most {size / 2**20:,.1f} MiB; {len(shards)} of '
        f'{manifest.num_shards} shards written by this process, {state}'
    )
