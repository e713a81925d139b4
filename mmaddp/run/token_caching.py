"""Encode a training set once, for tools/dataset_converters/cache_tokens.py."""

from pathlib import Path
from typing import Any, Optional

import torch
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.registry import init_default_scope
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmaddp.datasets import SampleIndex, SeededDataset
from mmaddp.datasets.token_cache import file_sha256, write_token_cache
from mmaddp.registry import MODELS
from mmaddp.run.config import read_config
from mmaddp.run.inputs import check_inputs
from mmaddp.utils.config_types import type_name
from mmaddp.utils.tf32 import tf32
from mmaddp.weights.addresses import local_path
from mmaddp.weights.checkpoint import extract_state_dict, load_from_local, load_weights


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


@torch.no_grad()
def encode(
    tokenizer: nn.Module, preprocessor: nn.Module, loader: DataLoader, device: str
) -> tuple[Tensor, list[str]]:
    """Encode all batches of a loader.

    Returns:
        tuple[Tensor, list[str]]: Ids (number of samples, L) long on the CPU; the file names.
    """
    tokenizer.to(device)
    preprocessor.to(device)
    token_ids, file_names = [], []
    with tf32(allowed=False):
        for batch in track(loader, description='Encoding'):
            batch = preprocessor(batch)
            token_ids.append(tokenizer.encode(batch['inputs'])[0].cpu())
            file_names += [sample.get('img_path', '') for sample in batch['data_samples']]
    return torch.cat(token_ids), file_names


def cache_tokens(
    checkpoint: str,
    out: Path,
    num_views: int,
    seed: int,
    batch_size: int,
    num_workers: int,
    device: Optional[str],
    **arguments: Any,
) -> str:
    """Write the token ids of several augmented versions of every training image.

    Args:
        checkpoint (str): Of the tokenizer training, a file or an address.
        out (Path): File to write, ``.safetensors``.
        num_views (int): Versions of each image.
        seed (int): Seed of the augmentation.
        batch_size (int): Images that are encoded together.
        num_workers (int): Processes that read images.
        device (str, optional): None for the GPU if there is one.
        **arguments: Those of :func:`mmaddp.run.config.read_config`.

    Returns:
        str: What was written.

    Raises:
        FileNotFoundError: Images or checkpoint are not there.
        ValueError: The configuration does not train a tokenizer, or the checkpoint does not fit it.
    """
    cfg = read_config(**arguments)
    if type_name(cfg.get('model')) != 'VQGANTraining' or not cfg.get('train_dataloader'):
        raise ValueError(
            f'{cfg.filename} does not train a tokenizer: its model is not a VQGANTraining.'
        )
    check_inputs(cfg, ('train_dataloader',), pretrained=False)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    file = local_path(checkpoint)
    tokenizer, preprocessor = build_tokenizer(cfg, str(file))
    dataset = build_dataset(cfg.train_dataloader.dataset, seed)
    num_images = len(dataset)
    loader = DataLoader(
        dataset,
        batch_size,
        sampler=[SampleIndex(i, epoch) for epoch in range(num_views) for i in range(num_images)],
        num_workers=num_workers,
        collate_fn=default_collate,
    )
    device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
    token_ids, file_names = encode(tokenizer, preprocessor, loader, device)
    token_ids = token_ids.unflatten(0, (num_views, num_images)).transpose(0, 1)
    num_codes = tokenizer.num_codes
    write_token_cache(out, token_ids, file_names[:num_images], num_codes, file_sha256(file))
    return (
        f'{out}: {num_images} images x {num_views} views x {token_ids.shape[2]} tokens, '
        f'{token_ids.unique().numel()} of {num_codes} codes in use, '
        f'{out.stat().st_size / 2**20:.1f} MiB'
    )
