"""Benchmarks of training steps: pre-training and fine-tuning."""

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmaddp.run.benchmark.models import (
    build,
    configured,
    no_dropout,
    optimizer_of,
    precision_of,
    trains_on_tokens,
)
from mmaddp.run.benchmark.plain import PlainClassification, PlainPretraining, PlainStep
from mmaddp.run.benchmark.settings import PLAIN, PLAIN_AMP, Settings
from mmaddp.run.benchmark.work import OURS, Equality, Work

# Largest difference of losses that counts as equal in float32.
LOSS_LIMIT = 1e-5


def pretraining(settings: Settings) -> Work:
    """A step of ADDP's pre-training.

    Where the configuration trains on cached tokens, ours gets the ids of the pictures that the
    plain variant gets.
    """
    cfg = configured(settings)
    model = build(cfg, settings)
    precision = precision_of(settings, model)
    optimizer = optimizer_of(cfg, model, precision)
    images = pictures(settings, _side(model))
    generator = model.target_generator
    inputs = generator.tokenize(images / 255) if trains_on_tokens(cfg) else images
    batch = dict(inputs=inputs, data_samples=[DataSample() for _ in images])
    parts = {
        'tokenizer encode': generator.tokenizer.encoder,
        'predictor': generator.token_predictor,
        'tokenizer decode': generator.tokenizer.decoder,
        'encoder': model.backbone,
        'decoder': model.neck,
        'output layer': model.head.output,
    }

    def ours() -> float:
        return model.train_step(batch, optimizer)['loss'].item()

    variants = {OURS: ours}
    if settings.against in (PLAIN, PLAIN_AMP):
        step = PlainStep(
            PlainPretraining(model),
            model,
            max_norm=(cfg.optim_wrapper.get('clip_grad') or {}).get('max_norm'),
            half=settings.against == PLAIN_AMP,
        )
        variants[settings.against] = lambda: step(images / 255)
    return training_work(variants, model, settings, precision, parts)


def fine_tuning(settings: Settings) -> Work:
    """A step of a classifier's fine-tuning on whole pictures."""
    cfg = configured(settings)
    model = build(cfg, settings)
    precision = precision_of(settings, model)
    optimizer = optimizer_of(cfg, model, precision)
    images = pictures(settings, model.backbone.img_size[0])
    classes = torch.arange(len(images)) % model.head.num_classes
    samples = [DataSample().set_gt_label(label) for label in classes]
    batch = dict(inputs=images, data_samples=samples)

    def ours() -> float:
        return model.train_step(batch, optimizer)['loss'].item()

    variants = {OURS: ours}
    if settings.against in (PLAIN, PLAIN_AMP):
        step = PlainStep(PlainClassification(model), model, half=settings.against == PLAIN_AMP)
        variants[settings.against] = lambda: step(batch)
    parts = dict(encoder=model.backbone)
    return training_work(variants, model, settings, precision, parts)


def training_work(
    variants: dict,
    model: nn.Module,
    settings: Settings,
    precision: str,
    parts: dict[str, nn.Module],
) -> Work:
    """Wrap training steps, which return their loss."""

    def check() -> list[Equality]:
        losses = {}
        with no_dropout(model):
            for name, step in variants.items():
                torch.manual_seed(0)
                losses[name] = step()
        mine, other = losses[OURS], losses[settings.against]
        exact = precision == 'fp32' and settings.against == PLAIN
        limit = LOSS_LIMIT if exact else None
        return [Equality('loss without dropout', mine, other, abs(mine - other), limit)]

    return Work(
        variants,
        items=settings.batch,
        unit='pictures',
        check=check if len(variants) > 1 else None,
        parts=parts,
        precision=precision,
    )


def pictures(settings: Settings, side: int) -> Tensor:
    """Random pictures of coarse and fine structure, whole values of 0..255, (B, 3, side, side)."""
    generator = torch.Generator().manual_seed(0)
    picture = torch.zeros(settings.batch, 3, side, side)
    for cells in (2, 8, 32):
        noise = torch.rand(settings.batch, 3, cells, cells, generator=generator)
        picture += torch.nn.functional.interpolate(noise, size=side, mode='bilinear') / 3
    return (picture * 255).round().to(settings.torch_device)


def _side(model: nn.Module) -> int:
    """Side in pixels of the images that a model is pre-trained on."""
    return model.backbone.img_size[0]
