"""The encoder that a fine-tuning starts from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

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
    """

    arch: Union[str, dict[str, Any]]
    img_size: int
    patch_size: int
    width: int
    depth: int
    checkpoint: str

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
    )
