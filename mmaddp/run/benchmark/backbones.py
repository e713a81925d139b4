"""Benchmarks of the backbones of detectors and segmentors, forwards and backwards."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Union

import torch
from mmpretrain.models.backbones import ViTSAM
from mmpretrain.models.utils import resize_pos_embed
from torch import Tensor, nn

from mmaddp.run.benchmark.models import build, cast, configured, precision_of
from mmaddp.run.benchmark.plain.networks import encode_levels
from mmaddp.run.benchmark.settings import PLAIN, VITSAM, Settings
from mmaddp.run.benchmark.training import pictures
from mmaddp.run.benchmark.work import OURS, Equality, Work

# Largest relative difference in float32 of feature sums and of gradients.
FEATURE_LIMIT, GRADIENT_LIMIT = 1e-4, 1e-3
ARCH_KEYS = ('embed_dims', 'num_layers', 'num_heads', 'feedforward_channels')

Backbone = Callable[[Tensor], tuple[Tensor, ...]]


def detection(settings: Settings) -> Work:
    """ADDPViTDet of a detector, against mmpretrain's ViTSAM of the same sizes and weights."""
    cfg = configured(settings)
    side = settings.size or _side(cfg.model.backbone.get('input_size', 1024))
    backbone = _backbone(cfg, settings, input_size=side)
    others: dict[str, nn.Module] = {}
    if settings.against in (PLAIN, VITSAM):
        others[settings.against] = vitsam_like(backbone, side).to(settings.torch_device)
    return _work(backbone, others, settings, side)


def segmentation(settings: Settings) -> Work:
    """ADDPViTSeg of a segmentor, against written-out attention with a gathered bias."""
    cfg = configured(settings)
    side = settings.size or _side(cfg.model.backbone.img_size)
    backbone = _backbone(cfg, settings, img_size=side)
    others: dict[str, Backbone] = {}
    if settings.against == PLAIN:
        others[PLAIN] = lambda images: encode_levels(backbone, images)
    return _work(backbone, others, settings, side)


def vitsam_like(backbone: nn.Module, side: int) -> ViTSAM:
    """Mmpretrain's ViTSAM with the sizes and weights of our backbone.

    Args:
        backbone (nn.Module): :class:`mmaddp.models.backbones.ADDPViTDet` without ``pre_norm``.
        side (int): Side of the images in pixels.

    Returns:
        ViTSAM: In training mode; without channel reduction, drop path and dropout.

    Raises:
        ValueError: Ours has a norm in front of the blocks, which ViTSAM has not.
    """
    if isinstance(backbone.pre_norm, nn.LayerNorm):
        raise ValueError(
            'ViTSAM has no norm in front of its blocks: measure a backbone with pre_norm=False.'
        )
    windows = [layer.attn.window_size for layer in backbone.layers]
    sizes = {name: backbone.arch_settings[name] for name in ARCH_KEYS}
    other = ViTSAM(
        arch=dict(sizes, global_attn_indexes=[i for i, size in enumerate(windows) if not size]),
        img_size=side,
        patch_size=backbone.patch_embed.projection.stride[0],
        out_channels=0,
        window_size=max(windows),
        use_rel_pos=backbone.layers[0].attn.has_rel_pos,
        out_indices=list(backbone.out_indices),
    )
    weights = backbone.state_dict()
    grid = other.patch_resolution
    positions = resize_pos_embed(
        weights['pos_embed'], backbone.patch_resolution, grid, mode='bicubic', num_extra_tokens=0
    )
    weights['pos_embed'] = positions.unflatten(1, grid)
    other.load_state_dict(weights)
    other.train()  # which returns nothing in this package
    return other


def _side(size: Union[int, Sequence[int]]) -> int:
    """Longer side of a size in pixels."""
    return size if isinstance(size, int) else max(size)


def _backbone(cfg, settings: Settings, **changes) -> nn.Module:
    """The backbone alone, with relative positions and layer scale that are not all alike.

    Stochastic depth is off, because variants place it differently.
    """
    cfg.model = dict(cfg.model.backbone, drop_path_rate=0.0, **changes)
    cfg.data_preprocessor = None
    backbone = build(cfg, settings)
    generator = torch.Generator().manual_seed(1)
    for name, weight in backbone.named_parameters():
        if 'rel_pos' in name:
            weight.data.copy_(torch.randn(weight.shape, generator=generator) * 0.02)
    return backbone


def _work(backbone: nn.Module, others: dict, settings: Settings, side: int) -> Work:
    images = pictures(settings, side) / 127.5 - 1
    precision = precision_of(settings, backbone)

    def step(network: Backbone) -> tuple[float, float]:
        """Mean square of the features, and size of the gradient of the patch embedding."""
        owner = network if isinstance(network, nn.Module) else backbone
        plain = settings.against == PLAIN and network is not backbone
        with nullcontext() if plain else cast(precision, settings.torch_device):
            feats = network(images)
            loss = sum(feat.float().square().mean() for feat in feats)
        loss.backward()
        gradient = owner.patch_embed.projection.weight.grad.norm()
        owner.zero_grad()
        return float(loss.detach()), float(gradient)

    networks = {OURS: backbone, **others}
    variants = {name: partial(step, network) for name, network in networks.items()}
    parts = dict(forward=backbone)

    def check() -> list[Equality]:
        mine, other = variants[OURS](), variants[settings.against]()
        limits = (FEATURE_LIMIT, GRADIENT_LIMIT) if precision == 'fp32' else (None, None)
        names = ('mean square of the features', 'norm of the gradient of the patch embedding')
        return [
            Equality(name, a, b, abs(a - b) / abs(b), limit)
            for name, a, b, limit in zip(names, mine, other, limits)
        ]

    return Work(
        variants,
        items=settings.batch,
        unit='pictures',
        check=check if others else None,
        parts=parts,
        precision=precision,
    )
