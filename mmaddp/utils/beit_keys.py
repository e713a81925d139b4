"""BEiT's ViT, as mmpretrain saves it, as a plain ViT with relative position biases."""

import re
from collections.abc import Mapping
from typing import Optional

import torch
from torch import Tensor

_LAYER = re.compile(r'layers\.(\d+)\.(.+)')
_TABLE = 'relative_position_bias_table'
_INDEX = 'relative_position_index'
# Only its pre-training inserts it.
_DROPPED = ('mask_token',)


def is_beit(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are tensors of a BEiT backbone, without a prefix."""
    return 'layers.0.attn.q_bias' in tensors


def beit_to_vit(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rewrite a BEiT backbone for ``ADDPViTSeg``, without changing what it computes.

    The scale of each branch (``gamma_1``, ``gamma_2``) goes into the branch's last linear layer,
    the biases of query and value become one bias with zeros for the key, a table of relative
    positions that all layers share is given to each, and absent position embeddings are zeros.

    Args:
        tensors (Mapping): mmpretrain's names, without ``backbone.``, -> tensor.

    Returns:
        dict[str, Tensor]: Names of ``ADDPViTSeg`` -> tensor.
    """
    layers: dict[str, dict[str, Tensor]] = {}
    found = {}
    for name, tensor in tensors.items():
        match = _LAYER.fullmatch(name)
        if match:
            layers.setdefault(match[1], {})[match[2]] = tensor
        elif name not in _DROPPED and not name.startswith('rel_pos_bias.'):
            found[name] = tensor
    shared = tensors.get(f'rel_pos_bias.{_TABLE}')
    for index, layer in layers.items():
        converted = _layer(layer, shared)
        found |= {f'layers.{index}.{name}': tensor for name, tensor in converted.items()}
    if 'pos_embed' not in found:
        found['pos_embed'] = torch.zeros(1, _num_slots(tensors), found['cls_token'].shape[-1])
    return found


def _num_slots(tensors: Mapping[str, Tensor]) -> int:
    """Tokens, class token included, that the relative positions are made for."""
    return len(next(tensor for name, tensor in tensors.items() if name.endswith(_INDEX)))


def _layer(layer: dict[str, Tensor], shared: Optional[Tensor]) -> dict[str, Tensor]:
    layer.pop(f'attn.{_INDEX}', None)
    layer['rel_pos_bias.table'] = layer.pop(f'attn.{_TABLE}', shared)
    query, value = layer.pop('attn.q_bias'), layer.pop('attn.v_bias')
    layer['attn.qkv.bias'] = torch.cat((query, torch.zeros_like(query), value))
    for scale, last in (('gamma_1', 'attn.proj'), ('gamma_2', 'ffn.layers.1')):
        if scale in layer:
            gamma = layer.pop(scale)
            layer[f'{last}.weight'] = gamma[:, None] * layer[f'{last}.weight']
            layer[f'{last}.bias'] = gamma * layer[f'{last}.bias']
    return layer
