"""The encoder of a checkpoint, for export to other libraries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional, Union

from torch import Tensor

from mmaddp.weights.checkpoint import extract_state_dict, load_from_local
from mmaddp.weights.official_keys import VIT_KEYS

from .widths import model_shapes, part, vit_config

_NAMES_OF_MAE = VIT_KEYS.inverse()


@dataclass(frozen=True)
class Encoder:
    """Weights and sizes of one of our ViTs.

    Attributes:
        tensors (dict[str, Tensor]): Our name, without ``backbone.``, -> tensor.
        head (dict[str, Tensor]): ``weight`` and ``bias`` of a classifier's last layer, or empty.
        img_size, patch_size, embed_dims, num_layers, num_heads, mlp_dims (int): Sizes.
    """

    tensors: dict[str, Tensor] = field(repr=False)
    head: dict[str, Tensor] = field(repr=False)
    img_size: int
    patch_size: int
    embed_dims: int
    num_layers: int
    num_heads: int
    mlp_dims: int

    @property
    def pre_norm(self) -> bool:
        """Whether there is a norm before the blocks."""
        return 'pre_norm.weight' in self.tensors


def read_encoder(path: Union[str, Path], num_heads: Optional[int] = None) -> Encoder:
    """Read the encoder of one of our checkpoints, or of an official one.

    Args:
        path (str | Path): An ADDP pre-training, a classifier, or an encoder alone, under
            ``backbone.`` or without a prefix.
        num_heads (int, optional): Attention heads, which no tensor shows. Defaults to None, heads
            of 64 channels as in ViT-B and ViT-L.

    Raises:
        ValueError: It has no complete encoder, or its width is not a multiple of the heads.
    """
    source = str(path)
    state_dict = extract_state_dict(load_from_local(source, 'cpu'), source)
    tensors = part(state_dict, 'backbone.') or dict(state_dict)
    config = vit_config(tensors)
    _check_whole(tensors, config, source)
    arch = config['arch']
    width = arch['embed_dims']
    heads = num_heads or width // 64
    if not heads or width % heads or (num_heads is None and width % 64):
        raise ValueError(f'Say how many attention heads {source} has: its width is {width}.')
    return Encoder(
        tensors=tensors,
        head=part(state_dict, 'head.fc.'),
        img_size=config['img_size'],
        patch_size=config['patch_size'],
        embed_dims=width,
        num_layers=arch['num_layers'],
        num_heads=heads,
        mlp_dims=arch['feedforward_channels'],
    )


def mae_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names that MAE, timm and detectron2 share; tensors that they do not share are left out."""
    named = {_NAMES_OF_MAE.rename(name): tensor for name, tensor in tensors.items()}
    named.pop(None, None)
    return named


def _check_whole(tensors: Mapping[str, Tensor], config: dict, source: str) -> None:
    """Raise unless the tensors are those of an encoder of this config."""
    starts = {name.partition('.')[0] for name in tensors}
    expected = model_shapes(
        config
        | dict(
            pre_norm='pre_norm' in starts,
            final_norm='ln1' in starts,
            out_type='avg_featmap' if 'ln2' in starts else 'raw',
        )
    )
    problems = [f'missing: {name}' for name in expected if name not in tensors]
    problems += [f'without a place in it: {name}' for name in tensors if name not in expected]
    problems += [
        f'{name} is {tuple(tensors[name].shape)}, expected {tuple(shape)}'
        for name, shape in expected.items()
        if name in tensors and tensors[name].shape != shape
    ]
    if problems:
        lines = '\n  '.join(problems[:40])
        raise ValueError(f'{source} holds no whole encoder of ours:\n  {lines}')
