"""Benchmark of generation."""

import torch
from torch import Tensor

from mmaddp.engine.generation.precision import inference_precision
from mmaddp.run.benchmark.models import build, configured, precision_of
from mmaddp.run.benchmark.plain import PlainGeneration
from mmaddp.run.benchmark.settings import PLAIN, Settings
from mmaddp.run.benchmark.work import OURS, Equality, Work

# Largest difference of pixels in [0, 1] that counts as equal in float32.
PIXEL_LIMIT = 1e-4


def generation(settings: Settings) -> Work:
    """Pictures from seeds, from the first step to the last one's image."""
    steps = {} if settings.steps is None else {'model.sampler.num_steps': settings.steps}
    model = build(configured(settings, **steps), settings).eval()
    precision = precision_of(settings, model)
    seeds = list(range(settings.batch))
    tokenizer = model.target_generator.tokenizer
    parts = {
        'encoder': model.backbone,
        'decoder': model.neck,
        'output layer': model.head.output,
        'tokenizer decode': tokenizer.decoder,
    }

    def ours() -> tuple[Tensor, Tensor]:
        with inference_precision(precision, settings.torch_device.type):
            for state in model.generate(seeds, every_image=False):
                last = state
        return last.images.float(), last.token_ids

    variants = {OURS: ours}
    if settings.against == PLAIN:
        plain = PlainGeneration(model)
        variants[PLAIN] = lambda: plain(seeds)

    def check() -> list[Equality]:
        (images, ids), (other_images, other_ids) = ours(), variants[PLAIN]()
        same = (ids == other_ids).float().mean().item()
        apart = (images.clamp(0, 1) - other_images.clamp(0, 1)).abs().max().item()
        exact = precision == 'fp32'
        return [
            Equality('share of equal ids', same, 1.0, 1 - same, 0.0 if exact else None),
            Equality(
                'pixels (means, and where they differ most)',
                images.mean().item(),
                other_images.mean().item(),
                apart,
                PIXEL_LIMIT if exact else None,
            ),
        ]

    return Work(
        variants,
        items=settings.batch,
        unit='pictures',
        check=check if len(variants) > 1 else None,
        parts=parts,
        precision=precision,
    )


def tokenizing(settings: Settings) -> Work:
    """Token ids of pictures."""
    from mmaddp.run.benchmark.plain import PlainTokenizer
    from mmaddp.run.benchmark.training import pictures

    model = build(configured(settings), settings).eval()
    tokenizer = getattr(model, 'target_generator', model).tokenizer
    precision = precision_of(settings, tokenizer)
    images = pictures(settings, settings.size or 16 * tokenizer.stride) / 255
    parts = {'encoder': tokenizer.encoder}

    @torch.no_grad()
    def ours() -> Tensor:
        with inference_precision(precision, settings.torch_device.type):
            return tokenizer.encode(images)[0]

    variants = {OURS: ours}
    if settings.against == PLAIN:
        plain = PlainTokenizer(tokenizer)
        variants[PLAIN] = torch.no_grad()(lambda: plain.encode(images))

    def check() -> list[Equality]:
        same = (ours() == variants[PLAIN]()).float().mean().item()
        limit = 0.0 if precision == 'fp32' else None
        return [Equality('share of equal ids', same, 1.0, 1 - same, limit)]

    return Work(
        variants,
        items=len(images),
        unit='pictures',
        check=check if len(variants) > 1 else None,
        parts=parts,
        precision=precision,
    )
