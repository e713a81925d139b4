"""The encoder that a fine-tuning starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

import torch
from mmengine.registry import init_default_scope

from mmaddp.apis.model_source import find_model
from mmaddp.registry import MODELS
from mmaddp.utils.config_types import type_name


@dataclass(frozen=True)
class Encoder:
    """A pre-trained encoder.

    Attributes:
        arch (str | dict): As in the configuration of its pre-training.
        img_size (int): Pixels of the pictures of pre-training, along each side.
        patch_size (int): Pixels of a patch.
        width (int): Channels.
        depth (int): Layers.
        checkpoint (str): Its weights, or their address.
        channels (int): Of the pictures.
        value_range (list, optional): Samples of more than 8 bits that become 0 and 1.
        pixel_mean (tuple[float, ...], optional): What its input in [0, 1] is reduced by; None for
            that of ImageNet.
        pixel_std (tuple[float, ...], optional): What it is divided by.
    """

    arch: Union[str, dict[str, Any]]
    img_size: int
    patch_size: int
    width: int
    depth: int
    checkpoint: str
    channels: int = 3
    value_range: Optional[list] = None
    pixel_mean: Optional[tuple[float, ...]] = None
    pixel_std: Optional[tuple[float, ...]] = None

    @property
    def is_plain(self) -> bool:
        """Whether it takes RGB of 8 bits."""
        return self.channels == 3 and self.value_range is None

    @property
    def grid(self) -> int:
        """Patches of a picture of pre-training along each side."""
        return self.img_size // self.patch_size


def read_encoder(source: str) -> Encoder:
    """Find an encoder.

    Args:
        source (str): Folder of a pre-training or of its stages, a checkpoint with its config beside
            it, or the name of released weights.

    Raises:
        FileNotFoundError: There is no such thing, or released weights were not downloaded.
        ValueError: It is no pre-training of ADDP.
    """
    config, checkpoint = find_model(source)
    model = config.get('model') or {}
    backbone = dict(model.get('backbone') or {})
    if type_name(model) != 'ADDP' or type_name(backbone) != 'ADDPViT':
        raise ValueError(
            f'--from {source} is a model of the type {type_name(model)}; give a pre-training of '
            'ADDP: the --out of mmaddp pretrain, its checkpoint, or mmaddp://addp-vit-base.'
        )
    backbone.pop('init_cfg', None)
    init_default_scope(config.get('default_scope', 'mmpretrain'))
    with torch.device('meta'):
        built = MODELS.build(backbone)
    arch = backbone.get('arch', 'base')
    file = Path(checkpoint)
    return Encoder(
        arch=arch if isinstance(arch, str) else dict(arch),
        img_size=built.img_size[0],
        patch_size=backbone.get('patch_size', 16),
        width=built.embed_dims,
        depth=len(built.layers),
        checkpoint=str(file.resolve()) if file.is_file() else checkpoint,
        channels=backbone.get('in_channels', 3),
        value_range=_plain(model.get('value_range')),
        pixel_mean=_levels(model, 'pixel_mean'),
        pixel_std=_levels(model, 'pixel_std'),
    )


def _levels(model: Mapping[str, Any], name: str) -> Optional[tuple[float, ...]]:
    return tuple(map(float, model[name])) if name in model else None


def _plain(value_range: Optional[Sequence]) -> Optional[list]:
    """A range as lists."""
    if value_range is None:
        return None
    return [end if isinstance(end, int | float) else list(end) for end in value_range]
