"""Mapping between the names in the released VQGAN, MAGE and ADDP checkpoints and ours.

All maps are pure renamings: shapes and values stay.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Optional

from .key_map import KeyMap
from .tensors import check_tensors

_MAE_LEFTOVER = 'left over from MAE, on whose code the model was built; no output depends on it'
_SIN_COS = 'sin-cos positions, replaced by learned ones'


def _transformer_layer(foreign: str, ours: str) -> tuple[tuple[str, str], ...]:
    """Rules of the layers called ``foreign.{i}`` there and ``ours.{i}`` here."""
    pairs = (
        ('norm1', 'ln1'),
        ('norm2', 'ln2'),
        ('attn.qkv', 'attn.qkv'),
        ('attn.proj', 'attn.proj'),
        ('mlp.fc1', 'ffn.layers.0.0'),
        ('mlp.fc2', 'ffn.layers.1'),
    )
    return tuple(
        (f'{foreign}.{{i}}.{there}.{{p}}', f'{ours}.{{i}}.{here}.{{p}}') for there, here in pairs
    )


VQGAN_KEYS = KeyMap(
    rules=tuple((f'{part}.{{*}}', f'{part}.{{*}}') for part in ('encoder', 'decoder', 'quantize'))
)

VIT_KEYS = KeyMap(
    rules=(
        ('cls_token', 'cls_token'),
        ('pos_embed', 'pos_embed'),
        ('patch_embed.proj.{p}', 'patch_embed.projection.{p}'),
        *_transformer_layer('blocks', 'layers'),
    )
)
"""What the encoders of MAE, timm, detectron2 and the official classifier have in common."""

ENCODER_KEYS = VIT_KEYS + KeyMap(
    rules=(('tokenizer_norm.{p}', 'pre_norm.{p}'), ('norm.{p}', 'ln1.{p}'))
)

DECODER_KEYS = KeyMap(
    rules=(
        ('decoder_embed.{p}', 'decoder_embed.{p}'),
        ('mask_token', 'mask_token'),
        ('token_emb.weight', 'token_embed'),
        ('decoder_pos_embed_learned', 'pos_embed'),
        ('decoder_pos_mask_embed', 'mask_pos_embed'),
        ('decoder_pos_token_embed', 'token_pos_embed'),
        *_transformer_layer('decoder_blocks', 'layers'),
        ('decoder_norm.{p}', 'norm.{p}'),
    )
)

OUTPUT_KEYS = KeyMap(
    rules=(
        ('mlm_layer.fc.{p}', 'fc.{p}'),
        ('mlm_layer.ln.{p}', 'norm.{p}'),
        ('mlm_layer.bias', 'bias'),
    )
)

MAGE_KEYS = OUTPUT_KEYS.under('', 'output.') + KeyMap(
    rules=(
        ('token_emb.word_embeddings.weight', 'token_embed.word.weight'),
        ('token_emb.position_embeddings.weight', 'token_embed.position.weight'),
        ('token_emb.LayerNorm.{p}', 'token_embed.norm.{p}'),
        *_transformer_layer('blocks', 'layers'),
        ('norm.{p}', 'norm.{p}'),
        ('decoder_embed.{p}', 'decoder_embed.{p}'),
        ('decoder_pos_embed_learned', 'decoder_pos_embed'),
        *_transformer_layer('decoder_blocks', 'decoder_layers'),
        ('decoder_norm.{p}', 'decoder_norm.{p}'),
    ),
    drops=(
        (r'pos_embed|decoder_pos_embed', _SIN_COS),
        (r'decoder_pred\.(?:weight|bias)', _MAE_LEFTOVER),
        (r'mask_token|cls_token|patch_embed\.proj\.(?:weight|bias)', _MAE_LEFTOVER),
        (r'token_emb\.position_ids', 'a constant, 0 .. L'),
        (r'vqgan\..+', 'a copy of the tokenizer, which is a part of its own'),
    ),
)

ADDP_KEYS = (
    VQGAN_KEYS.under('vqgan.', 'target_generator.tokenizer.')
    + MAGE_KEYS.under('token_predictor.', 'target_generator.token_predictor.')
    + ENCODER_KEYS.under('', 'backbone.')
    + DECODER_KEYS.under('', 'neck.')
    + OUTPUT_KEYS.under('', 'head.output.')
    + KeyMap(
        rules=(),
        drops=(
            (r'decoder_pos_embed', _SIN_COS),
            (r'decoder_pred\.(?:weight|bias)', _MAE_LEFTOVER),
            (r'pos_token_embed|pos_mask_embed', 'never used by the official network'),
        ),
    )
)

CLASSIFIER_KEYS = VIT_KEYS.under('', 'backbone.') + KeyMap(
    rules=(('fc_norm.{p}', 'backbone.ln2.{p}'), ('head.{p}', 'head.fc.{p}'))
)


@dataclass(frozen=True)
class OfficialKind:
    """A kind of file that the official projects release or write.

    Attributes:
        name (str): What the tools call it.
        mark (str): Regular expression; a file of this kind holds a name that it matches wholly.
        keys (KeyMap): From its names to those of our checkpoints.
    """

    name: str
    mark: str
    keys: KeyMap


KINDS = {
    kind.name: kind
    for kind in (
        OfficialKind(
            'addp',
            r'token_predictor\.(token_emb|mlm_layer|blocks)\..+|tokenizer_norm\..+',
            ADDP_KEYS,
        ),
        OfficialKind(
            'mage',
            r'token_emb\.(word_embeddings|position_embeddings|LayerNorm)\..+',
            MAGE_KEYS.under('', 'token_predictor.'),
        ),
        OfficialKind('classifier', r'fc_norm\.(weight|bias)', CLASSIFIER_KEYS),
        OfficialKind(
            'vqgan',
            r'quantize\.embedding\.weight|(encoder\.down|decoder\.up)\.\d+\..+',
            VQGAN_KEYS.under('', 'tokenizer.'),
        ),
    )
}
"""The kinds by name, in the order in which they are looked for."""


def recognise(names: Iterable[str]) -> Optional[OfficialKind]:
    """The kind of official file that holds tensors of these names; None if there is none."""
    names = [name for name in names if isinstance(name, str)]
    for kind in KINDS.values():
        if any(re.fullmatch(kind.mark, name) for name in names):
            return kind
    return None


def official_tensors(checkpoint: Mapping) -> tuple[Optional[OfficialKind], Mapping]:
    """Find the tensors of an official file.

    Args:
        checkpoint (Mapping): Content of a file; the tensors lie at the top, under ``state_dict``
            or under ``model``.

    Returns:
        tuple: Kind, None for a file that is not official; and the tensors by name. A classifier
        counts only under ``model``, where the official code puts it, because plain files of timm
        carry the same names.
    """
    tensors = checkpoint.get('state_dict', checkpoint.get('model'))
    tensors = tensors if isinstance(tensors, Mapping) else checkpoint
    kind = recognise(tensors)
    if kind is KINDS['classifier'] and tensors is not checkpoint.get('model'):
        kind = None
    return kind, tensors


def to_our_layout(checkpoint: dict, source: str = 'the file') -> dict:
    """Give the tensors of an official file the names of our checkpoints.

    Args:
        checkpoint (dict): Content of a file; see :func:`official_tensors`.
        source (str): Where it came from, for the message. Defaults to 'the file'.

    Returns:
        dict: ``{'state_dict': ...}`` with the prefixes that our trainings write (``tokenizer.``,
        ``token_predictor.``, ``backbone.``, ...); the checkpoint itself if it is not official.

    Raises:
        ValueError: If an official file holds a tensor without a place in our model, or something
            that is not a tensor.
    """
    kind, tensors = official_tensors(checkpoint)
    if kind is None:
        return checkpoint
    check_tensors(tensors, source)
    return dict(state_dict=kind.keys.convert(tensors, source).mapped)
