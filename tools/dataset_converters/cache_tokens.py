"""Encode a training set once: token ids of several augmented versions of every image.

The images, their augmentation and the tokenizer are those of a tokenizer-training config. The
file is read by ``mmaddp.TokenDataset``.

    python tools/dataset_converters/cache_tokens.py CONFIG CHECKPOINT --out FILE --num-views 8
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import torch
from mmengine.config import Config, DictAction
from mmengine.dataset import default_collate
from mmengine.registry import init_default_scope
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmaddp.datasets import SampleIndex, SeededDataset
from mmaddp.datasets.token_cache import file_sha256, write_token_cache
from mmaddp.registry import MODELS
from mmaddp.utils.config_types import type_name
from mmaddp.weights.checkpoint import extract_state_dict, load_from_local, load_weights


def parse_args(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    """Read the command line, ``sys.argv`` if ``argv`` is None."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', help='config of the tokenizer training')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('--out', required=True, help='file to write, .safetensors')
    parser.add_argument('--num-views', type=int, default=8, help='versions per image (default 8)')
    parser.add_argument('--seed', type=int, default=0, help='of the augmentation (default 0)')
    parser.add_argument('--batch-size', type=int, default=64, help='default 64')
    parser.add_argument('--num-workers', type=int, default=2, help='default 2')
    parser.add_argument('--device', help='default: cuda if there is one, else cpu')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='key=value ...')
    args = parser.parse_args(argv)
    if not args.out.endswith('.safetensors'):
        parser.error(f'--out must end in .safetensors, got {args.out}')
    if args.num_views < 1:
        parser.error(f'--num-views must be at least 1, got {args.num_views}')
    return args


def build_tokenizer(cfg: Config, checkpoint: str) -> tuple[nn.Module, nn.Module]:
    """Build tokenizer and preprocessor of a ``VQGANTraining`` config, with weights."""
    tokenizer = MODELS.build(cfg.model['tokenizer'])
    content = load_from_local(checkpoint, 'cpu')
    load_weights(tokenizer, extract_state_dict(content, checkpoint, 'tokenizer'), checkpoint)
    preprocessor = dict(type='mmaddp.ADDPDataPreprocessor')
    preprocessor.update(cfg.model.get('data_preprocessor') or cfg.get('data_preprocessor') or {})
    return tokenizer.eval(), MODELS.build(preprocessor)


def build_dataset(dataset_cfg: dict, seed: int) -> SeededDataset:
    """Build the training set, seeded by ``seed`` whatever its config says."""
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
    for batch in track(loader, description='Encoding'):
        batch = preprocessor(batch)
        token_ids.append(tokenizer.encode(batch['inputs'])[0].cpu())
        file_names += [sample.get('img_path', '') for sample in batch['data_samples']]
    return torch.cat(token_ids), file_names


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run the tool."""
    args = parse_args(argv)
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    tokenizer, preprocessor = build_tokenizer(cfg, args.checkpoint)
    dataset = build_dataset(cfg.train_dataloader.dataset, args.seed)
    num_images = len(dataset)
    loader = DataLoader(
        dataset,
        args.batch_size,
        sampler=[
            SampleIndex(i, epoch) for epoch in range(args.num_views) for i in range(num_images)
        ],
        num_workers=args.num_workers,
        collate_fn=default_collate,
    )
    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    token_ids, file_names = encode(tokenizer, preprocessor, loader, device)
    token_ids = token_ids.unflatten(0, (args.num_views, num_images)).transpose(0, 1)
    num_codes, sha256 = tokenizer.num_codes, file_sha256(args.checkpoint)
    write_token_cache(args.out, token_ids, file_names[:num_images], num_codes, sha256)
    used = token_ids.unique().numel()
    print(
        f'{args.out}: {num_images} images x {args.num_views} views x {token_ids.shape[2]} tokens, '
        f'{used} of {num_codes} codes in use, {Path(args.out).stat().st_size / 2**20:.1f} MiB'
    )


if __name__ == '__main__':
    main()
