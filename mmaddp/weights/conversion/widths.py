"""Infer the config of our model from the shapes of its tensors.

Every width is decided by the majority of the tensors that have it, so that a single damaged tensor
can be singled out. Tensors do not show the number of heads; the configs use one that fits.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping

import torch
from mmengine.registry import DefaultScope
from torch import Tensor

from mmaddp.registry import MODELS
from mmaddp.structures import Vocabulary


def vote(tensors: Mapping[str, Tensor], pattern: str, axis: int, default: int = 1) -> int:
    """Size along an axis, by the majority of the tensors.

    Args:
        tensors (Mapping): Tensors by name.
        pattern (str): Regular expression that must match the whole name.
        axis (int): The axis; tensors without it do not count.
        default (int): Returned if no tensor counts. Defaults to 1.
    """
    sizes = Counter(_sizes(tensors, pattern, axis))
    return sizes.most_common(1)[0][0] if sizes else default


def count(tensors: Mapping[str, Tensor], pattern: str) -> int:
    """One more than the highest number that the first group of a pattern matches in a name."""
    matches = (re.match(pattern, name) for name in tensors)
    return 1 + max((int(match[1]) for match in matches if match), default=0)


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors under a prefix, without it."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def model_shapes(config: dict) -> dict[str, torch.Size]:
    """Names and shapes of the state dict of a config's model; no memory is taken for it."""
    # Nested parts of the hosts are looked up in the scope of their own toolbox.
    with DefaultScope.overwrite_default_scope('mmpretrain'), torch.device('meta'):
        return {name: value.shape for name, value in MODELS.build(config).state_dict().items()}


def vqgan_config(tensors: Mapping[str, Tensor], num_codes: int = 0) -> dict:
    """Config of the ``VQGAN`` whose state dict this is.

    Args:
        tensors (Mapping): Tensors by name, without a prefix.
        num_codes (int): Size of the codebook, if known otherwise. Defaults to 0, not known.
    """
    base = vote(tensors, r'encoder\.(?:conv_in|down\.0\.block\.0\.norm1)\.\w+', 0)
    levels = r'(?:encoder\.down|decoder\.up)'
    widths = (
        vote(tensors, rf'{levels}\.{level}\.block\.\d+\.(?:norm2\.\w+|conv[12]\.weight)', 0, base)
        for level in range(count(tensors, rf'{levels}\.(\d+)\.'))
    )
    return dict(
        type='mmaddp.VQGAN',
        base_channels=base,
        channel_multipliers=tuple(max(1, width // base) for width in widths),
        num_res_blocks=count(tensors, rf'{levels}\.\d+\.block\.(\d+)\.'),
        num_codes=num_codes or vote(tensors, r'quantize\.embedding\.weight', 0),
        code_dims=vote(tensors, r'encoder\.conv_out\.\w+', 0),
        num_groups=1,
    )


def mage_config(tensors: Mapping[str, Tensor], num_codes: int = 0, num_tokens: int = 0) -> dict:
    """Config of the ``MAGEPredictor`` whose state dict this is.

    Args:
        tensors (Mapping): Tensors by name, without a prefix.
        num_codes (int): Codes of the vocabulary, if known otherwise. Defaults to 0, not known.
        num_tokens (int): Length of the sequences, if known otherwise. Defaults to 0, not known.
    """
    width, depth = _stack(tensors, 'layers')
    decoder_width, decoder_depth = _stack(tensors, 'decoder_layers')
    return dict(
        type='mmaddp.MAGEPredictor',
        num_codes=num_codes or _num_codes(tensors),
        num_tokens=num_tokens or vote(tensors, 'decoder_pos_embed', 1, 2) - 1,
        embed_dims=width,
        num_layers=depth,
        num_heads=1,
        decoder_embed_dims=decoder_width,
        decoder_num_layers=decoder_depth,
        decoder_num_heads=1,
    )


def vit_config(tensors: Mapping[str, Tensor], num_tokens: int = 0, **kwargs) -> dict:
    """Config of the ``ADDPViT`` whose state dict this is.

    Args:
        tensors (Mapping): Tensors by name, without a prefix.
        num_tokens (int): Patches of an image, if known otherwise. Defaults to 0, not known.
        **kwargs: Further arguments of the ViT.
    """
    width, depth = _stack(tensors, 'layers')
    patch_size = vote(tensors, r'patch_embed\.projection\.weight', 2)
    num_tokens = num_tokens or vote(tensors, 'pos_embed', 1, 2) - 1
    arch = dict(
        embed_dims=width,
        num_layers=depth,
        num_heads=1,
        feedforward_channels=vote(tensors, r'layers\.\d+\.ffn\.layers\.0\.0\.\w+', 0),
    )
    settings = dict(
        type='mmaddp.ADDPViT',
        arch=arch,
        img_size=math.isqrt(num_tokens) * patch_size,
        patch_size=patch_size,
    )
    return settings | kwargs


def addp_config(tensors: Mapping[str, Tensor]) -> dict:
    """Config of the ``ADDP`` whose state dict this is; its parts agree on codes and tokens."""
    neck = part(tensors, 'neck.')
    width, depth = _stack(neck, 'layers')
    num_tokens = vote(neck, '(?:mask_|token_)?pos_embed', 1, 2) - 1
    num_codes = _num_codes(tensors)
    encoder = vit_config(part(tensors, 'backbone.'), num_tokens, pre_norm=True, out_type='raw')
    tokenizer = part(tensors, 'target_generator.tokenizer.')
    predictor = part(tensors, 'target_generator.token_predictor.')
    side = math.isqrt(num_tokens)
    return dict(
        type='mmaddp.ADDP',
        backbone=encoder,
        neck=dict(
            type='mmaddp.ADDPDecoder',
            in_channels=encoder['arch']['embed_dims'],
            embed_dims=width,
            num_layers=depth,
            num_heads=1,
        ),
        head=dict(type='mmaddp.ADDPHead', embed_dims=width),
        target_generator=dict(
            type='mmaddp.ADDPTargetGenerator',
            tokenizer=vqgan_config(tokenizer, num_codes),
            token_predictor=mage_config(predictor, num_codes, num_tokens),
            grid_size=(side, num_tokens // side),
        ),
    )


def classifier_config(tensors: Mapping[str, Tensor]) -> dict:
    """Config of the fine-tuned classifier whose state dict this is."""
    encoder = vit_config(
        part(tensors, 'backbone.'), pre_norm=False, final_norm=False, out_type='avg_featmap'
    )
    head = dict(
        type='mmpretrain.LinearClsHead',
        num_classes=vote(tensors, r'head\.fc\.\w+', 0),
        in_channels=encoder['arch']['embed_dims'],
    )
    return dict(type='mmpretrain.ImageClassifier', backbone=encoder, head=head)


def _sizes(tensors: Mapping[str, Tensor], pattern: str, axis: int) -> list[int]:
    return [
        tensor.shape[axis]
        for name, tensor in tensors.items()
        if tensor.dim() > axis and re.fullmatch(pattern, name)
    ]


def _stack(tensors: Mapping[str, Tensor], name: str) -> tuple[int, int]:
    """Width and depth of a stack of transformer layers."""
    width = vote(tensors, rf'{name}\.\d+\.ln[12]\.\w+', 0)
    return width, count(tensors, rf'{name}\.(\d+)\.')


def _num_codes(tensors: Mapping[str, Tensor]) -> int:
    """Codes of a vocabulary that has the class ids of the released models."""
    biases = r'(?:.+\.)?output\.bias'
    tables = r'(?:.+\.)?token_embed(?:\.word\.weight)?'
    rows = Counter(_sizes(tensors, biases, 2) + _sizes(tensors, tables, 0))
    others = len(Vocabulary(1)) - 1
    return max(1, rows.most_common(1)[0][0] - others) if rows else 1
