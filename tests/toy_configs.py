"""Any configuration at toy width: thin layers, small images, two samples a batch, no workers."""

from collections.abc import Callable, Iterator
from typing import Any

from mmengine.config import Config

WIDTH = 16
ARCH = dict(embed_dims=WIDTH, num_layers=2, num_heads=2, feedforward_channels=2 * WIDTH)
TOKENS_PER_SIDE = 4
# What images of full size become; lengths below the limit are those of small images.
IMAGE_SIZE, SMALLEST_FULL_SIZE = 64, 200

LENGTHS = ('crop_size', 'img_size', 'input_size', 'pad_size_divisor', 'scale', 'size', 'stride')
WIDTHS = (
    'channels',
    'conv_out_channels',
    'decoder_embed_dims',
    'embed_dim',
    'embed_dims',
    'fc_out_channels',
    'feat_channels',
    'in_channels',
    'input_features',
    'out_channels',
)
CHANNELS = (1, 3)
TOKENIZER = dict(base_channels=8, num_groups=4, num_res_blocks=1, code_dims=4)


def toy_width(width: Any) -> Any:
    """The toy width, once or several times; channels of pictures stay."""
    if is_list(width):
        return [WIDTH] * len(width)
    return width if width in CHANNELS else WIDTH


# Key of a model -> what its value becomes.
TOY: dict[str, Callable[[Any], Any]] = dict(
    arch=lambda _: ARCH,
    decoder_num_heads=lambda _: 2,
    decoder_num_layers=lambda _: 1,
    frozen_stages=lambda stages: min(stages, ARCH['num_layers']),
    grid_size=lambda _: (TOKENS_PER_SIDE, TOKENS_PER_SIDE),
    num_heads=lambda _: 2,
    num_layers=lambda _: 1,
    num_steps=lambda steps: min(steps, TOKENS_PER_SIDE**2),
    num_tokens=lambda _: TOKENS_PER_SIDE**2,
    out_indices=lambda taps: tuple(min(tap, 1) for tap in taps),
    window_size=lambda _: 3,
    **dict.fromkeys(WIDTHS, toy_width),
)


def toy_config(cfg: Config) -> Config:
    """Cut a configuration to toy width, in place; types, classes and settings stay as they are."""
    full_size = image_size(cfg.model)
    change(cfg._cfg_dict, dict.fromkeys(LENGTHS, lambda length: scaled(length, full_size)))
    if cfg.model.get('backbone', {}).get('type') != 'ResNet':  # the judge is small as it is
        for part in nodes(cfg.model):
            if part.get('type') == 'mmaddp.VQGAN':
                part.update(TOKENIZER, channel_multipliers=[1] * len(part.channel_multipliers))
            elif part.get('type') == 'mmaddp.ADDPViTDet':
                part.update(global_indices=(1,))
        change(cfg.model, TOY)
        if 'target_generator' in cfg.model:
            cfg.model.backbone.img_size = TOKENS_PER_SIDE * cfg.model.backbone.patch_size
    for loader in dataloaders(cfg):
        loader.update(num_workers=0, persistent_workers=False)
        loader['batch_size'] = min(loader['batch_size'], 2)
    return cfg


def image_size(model: dict) -> int:
    """Side of a model's images in pixels; models without an encoder have ImageNet's usual ones."""
    backbone = model.get('backbone') or {}
    size = backbone.get('input_size', backbone.get('img_size', 256))
    return max(size) if is_list(size) else size


def scaled(length: Any, full_size: int) -> Any:
    """A length in pixels, or several, of images of the toy size."""
    if is_list(length):
        return type(length)(scaled(side, full_size) for side in length)
    if length is None or length < SMALLEST_FULL_SIZE:
        return length
    return length * IMAGE_SIZE // full_size


def change(tree: Any, changes: dict[str, Callable[[Any], Any]]) -> None:
    """Replace the values of some keys, wherever they are; what was replaced is left alone."""
    for node in list(nodes(tree)):
        for key in node.keys() & changes.keys():
            node[key] = changes[key](node[key])


def nodes(tree: Any) -> Iterator[dict]:
    """Every dict of nested settings, the outer ones first."""
    if isinstance(tree, dict):
        yield tree
    for child in list(tree.values()) if isinstance(tree, dict) else tree if is_list(tree) else ():
        yield from nodes(child)


def dataloaders(cfg: Config) -> Iterator[dict]:
    """Settings of all data loaders, those of a loop included."""
    for node in nodes(cfg._cfg_dict):
        yield from (v for k, v in node.items() if k.endswith('_dataloader') and v is not None)


def is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)
