"""Values that a network must give on every device, with weights that need no file and no seed."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmaddp.run.benchmark.golden_values import GOLDEN
from mmaddp.run.benchmark.models import build, cast, configured, no_dropout, precision_of
from mmaddp.run.benchmark.settings import Settings
from mmaddp.run.benchmark.training import pictures
from mmaddp.run.benchmark.work import Equality

# Largest relative difference in float32, and in other precisions.
EXACT, ROUGH = 1e-4, 2e-2


def compute(settings: Settings) -> dict[str, float]:
    """Values of ADDP on made-up weights, pictures, ids and masks.

    Args:
        settings (Settings): Its configuration is one of ADDP's pre-training; its batch counts.

    Returns:
        dict: ``loss`` for given ids, ``gradient`` (the norm of the encoder's), ``decoded`` (mean of
        the decoded pictures), and ``ids`` (mean of the token ids of pictures over the largest
        one).
    """
    model = build(configured(settings), settings)
    fill(model)
    generator, device = model.target_generator, settings.torch_device
    num_codes, num_tokens = generator.tokenizer.num_codes, generator.num_tokens
    places = torch.arange(settings.batch * num_tokens, device=device)
    token_ids = (places * 7919 % num_codes).view(settings.batch, num_tokens)
    images = pictures(settings, model.backbone.img_size[0]) / 255
    seeds, precision = list(range(settings.batch)), precision_of(settings, model)
    with no_dropout(model), _masks_from_seeds(generator.mask_sampler):
        with cast(precision, device):
            loss = model.loss(token_ids, [DataSample(sample_seed=seed) for seed in seeds])['loss']
        loss.backward()
        gradients = [weight.grad.norm() for weight in model.backbone.parameters()]
        with torch.no_grad(), cast(precision, device):
            decoded = generator(token_ids, seeds).x_t.float()
            ids = generator.tokenize(images).double()
    model.zero_grad()
    return dict(
        loss=loss.item(),
        gradient=torch.stack(gradients).norm().item(),
        decoded=decoded.mean().item(),
        ids=ids.mean().item() / (num_codes - 1),
    )


@contextmanager
def _masks_from_seeds(sampler: Any) -> Iterator[None]:
    """Draw masks on the CPU, whatever the device of the model."""
    before = sampler.per_sample
    sampler.per_sample = True
    try:
        yield
    finally:
        sampler.per_sample = before


def check(name: str, settings: Settings) -> list[Equality]:
    """Compare with the values recorded under a name on a CPU in float32."""
    found, limit = compute(settings), EXACT if settings.precision == 'fp32' else ROUGH
    return [
        Equality(
            f'{quantity} ({name})', found[quantity], value, _apart(found[quantity], value), limit
        )
        for quantity, value in GOLDEN[name].items()
    ]


def _apart(value: float, recorded: float) -> float:
    return abs(value - recorded) / abs(recorded)


def fill(model: nn.Module) -> None:
    """Set weights by formula: matrices that keep the size of signals, norms 1, biases small."""
    for number, (name, weight) in enumerate(model.named_parameters()):
        noise = _noise(weight, number)
        if weight.dim() == 1:
            weight.data = noise * 0.02 + float(name.endswith('weight'))
        elif weight.dim() == 2 or weight.dim() == 4:
            weight.data = noise * math.sqrt(3 / weight[0].numel())
        else:
            weight.data = noise * 0.04


def _noise(weight: Tensor, number: int) -> Tensor:
    """Numbers in [-1, 1) that look random, like ``weight``; exact integers, so the same anywhere.

    A linear congruence of the place with the multiplier of Numerical Recipes, of which the upper
    half is taken, twice over.
    """
    places = torch.arange(weight.numel(), device=weight.device) + 1 + number * 1_000_003
    for _ in range(2):
        places = (places * 1_664_525 + 1_013_904_223) % 2**32
        places = places ^ (places >> 16)
    return (places.double() / 2**31 - 1).to(weight.dtype).view_as(weight)
