"""How good tokenizer and token predictor are on the held-out pictures."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import Tensor

from mmaddp.evaluation.masked_token_metric import MaskedTokenMetric
from mmaddp.evaluation.tokenizer_metric import TokenizerMetric
from mmaddp.models.tokenizers.figures import image_psnr
from mmaddp.own.stage import StageFailed
from mmaddp.weights.model import build_model

# A tokenizer must keep more than the mean colour of a picture, and use this share of its codes.
# Otherwise the stages behind it would learn nothing.
LEAST_USAGE = 0.25


def held_out_batches(config: Config):
    """Batches of the held-out pictures, as the validation of the tokenizer reads them."""
    init_default_scope(config.default_scope)
    settings = dict(config.val_dataloader, num_workers=0, persistent_workers=False)
    return Runner.build_dataloader(settings, seed=0)


@torch.no_grad()
def judge_tokenizer(config: Path, checkpoint: Path, device: str) -> dict[str, float]:
    """PSNR and use of codes on the held-out pictures, and what a picture's mean colour gives.

    Args:
        config (Path): Configuration of the tokenizer's training.
        checkpoint (Path): Its checkpoint.
        device (str): Where to compute.

    Returns:
        dict[str, float]: ``psnr`` and ``psnr_flat`` in dB, ``usage`` in [0, 1].
    """
    model = build_model(config, checkpoint, device)
    metric = TokenizerMetric()
    flat: list[Tensor] = []
    for batch in held_out_batches(model._config):
        _process(metric, model.val_step(batch))
        images = batch['inputs'].float() / 255
        mean = images.mean(dim=(2, 3), keepdim=True).expand_as(images)
        flat.append(image_psnr(mean, images))
    found = metric.compute_metrics(metric.results)
    return dict(
        psnr=found['psnr'], psnr_flat=float(torch.cat(flat).mean()), usage=found['codebook_usage']
    )


def check_tokenizer(figures: dict[str, float], out: Path) -> None:
    """Stop before hours are spent on tokens that say nothing.

    Raises:
        StageFailed: PSNR or the use of codes is too low; the message says what to change.
    """
    if not figures['psnr'] > figures['psnr_flat']:
        raise StageFailed(
            f'The tokenizer reaches {figures["psnr"]:.1f} dB on held-out pictures, no more than '
            f'their mean colours, {figures["psnr_flat"]:.1f}: its tokens would say nothing. Give '
            'more pictures, more --budget, a lower --resolution or a finer --grid, and another '
            f'--out than {out}.'
        )
    if not figures['usage'] >= LEAST_USAGE:
        raise StageFailed(
            f'The tokenizer uses {figures["usage"]:.0%} of its codes on held-out pictures; '
            f'{LEAST_USAGE:.0%} are needed. Its codebook has collapsed. Give more --budget or a '
            f'finer --grid, and another --out than {out}; or halve num_codes in all three files of '
            'its configs/ and delete its folder tokenizer/.'
        )


@torch.no_grad()
def judge_predictor(
    config: Path, tokenizer_config: Path, checkpoint: Path, device: str
) -> dict[str, float]:
    """How many hidden tokens of the held-out pictures are guessed.

    Args:
        config (Path): Configuration of the predictor's training.
        tokenizer_config (Path): That of the tokenizer, whose held-out pictures are read.
        checkpoint (Path): Of the predictor's training.
        device (str): Where to compute.

    Returns:
        dict[str, float]: ``acc_50`` and ``acc_90`` in [0, 1].
    """
    model = build_model(config, checkpoint, device)
    metric = MaskedTokenMetric()
    for batch in held_out_batches(Config.fromfile(tokenizer_config)):
        _process(metric, model.val_step(batch))
    found = metric.compute_metrics(metric.results)
    return {name: found[name] for name in ('acc_50', 'acc_90')}


def _process(metric: BaseMetric, samples: list) -> None:
    metric.process(None, [sample.to_dict() for sample in samples])
