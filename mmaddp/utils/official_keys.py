"""Names of the released VQGAN, MAGE and ADDP checkpoints and ours.

All maps are pure renamings: shapes and values stay.
"""

from collections.abc import Mapping

from .key_map import KeyMap

_MAE_LEFTOVER = 'left over from MAE, on whose code the model was built; no output depends on it'


def _transformer_layer(foreign: str, ours: str) -> tuple[tuple[str, str], ...]:
    """Rules of the layers called ``foreign.{i}`` there and ``ours.{i}`` here."""
    there, here = rf'{foreign}\.(\d+)\.', rf'{ours}.\1.'
    return (
        (there + r'norm([12])\.(\w+)', here + r'ln\2.\3'),
        (there + r'attn\.(qkv|proj)\.(\w+)', here + r'attn.\2.\3'),
        (there + r'mlp\.fc1\.(\w+)', here + r'ffn.layers.0.0.\2'),
        (there + r'mlp\.fc2\.(\w+)', here + r'ffn.layers.1.\2'),
    )


VQGAN_KEYS = KeyMap(rules=((r'((?:encoder|decoder|quantize)\..+)', r'\1'),))

ENCODER_KEYS = KeyMap(
    rules=(
        (r'(cls_token|pos_embed)', r'\1'),
        (r'patch_embed\.proj\.(\w+)', r'patch_embed.projection.\1'),
        (r'tokenizer_norm\.(\w+)', r'pre_norm.\1'),
        *_transformer_layer('blocks', 'layers'),
        (r'norm\.(\w+)', r'ln1.\1'),
    )
)

DECODER_KEYS = KeyMap(
    rules=(
        (r'decoder_embed\.(\w+)', r'decoder_embed.\1'),
        (r'mask_token', r'mask_token'),
        (r'token_emb\.weight', r'token_embed'),
        (r'decoder_pos_embed_learned', r'pos_embed'),
        (r'decoder_pos_mask_embed', r'mask_pos_embed'),
        (r'decoder_pos_token_embed', r'token_pos_embed'),
        *_transformer_layer('decoder_blocks', 'layers'),
        (r'decoder_norm\.(\w+)', r'norm.\1'),
    )
)

OUTPUT_KEYS = KeyMap(
    rules=(
        (r'mlm_layer\.fc\.(\w+)', r'fc.\1'),
        (r'mlm_layer\.ln\.(\w+)', r'norm.\1'),
        (r'mlm_layer\.bias', r'bias'),
    )
)

MAGE_KEYS = OUTPUT_KEYS.under('', 'output.') + KeyMap(
    rules=(
        (r'token_emb\.word_embeddings\.weight', r'token_embed.word.weight'),
        (r'token_emb\.position_embeddings\.weight', r'token_embed.position.weight'),
        (r'token_emb\.LayerNorm\.(\w+)', r'token_embed.norm.\1'),
        *_transformer_layer('blocks', 'layers'),
        (r'norm\.(\w+)', r'norm.\1'),
        (r'decoder_embed\.(\w+)', r'decoder_embed.\1'),
        (r'decoder_pos_embed_learned', r'decoder_pos_embed'),
        *_transformer_layer('decoder_blocks', 'decoder_layers'),
        (r'decoder_norm\.(\w+)', r'decoder_norm.\1'),
    ),
    drops=(
        (r'pos_embed|decoder_pos_embed', 'sin-cos positions, replaced by learned ones'),
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
            (r'decoder_pos_embed', 'sin-cos positions, replaced by learned ones'),
            (r'decoder_pred\.(?:weight|bias)', _MAE_LEFTOVER),
            (r'pos_token_embed|pos_mask_embed', 'never used by the official network'),
        ),
    )
)

RELEASED = (
    ('token_predictor.token_emb.word_embeddings.weight', ADDP_KEYS),
    ('token_emb.word_embeddings.weight', MAGE_KEYS.under('', 'token_predictor.')),
    ('quantize.embedding.weight', VQGAN_KEYS.under('', 'tokenizer.')),
)
"""A name that only one kind of released file holds, and the way from that kind to our layout."""


def to_our_layout(checkpoint: dict) -> dict:
    """Give the tensors of a released VQGAN, MAGE or ADDP file the names of our checkpoints.

    Args:
        checkpoint (dict): Content of a file; the tensors lie at the top, under ``state_dict`` or
            under ``model``.

    Returns:
        dict: ``{'state_dict': ...}`` with the prefixes that our trainings write (``tokenizer.``,
        ``token_predictor.``, ``backbone.``, ...); the checkpoint itself if it is no released file.

    Raises:
        ValueError: If a released file holds a tensor without a place in our model.
    """
    tensors = checkpoint.get('state_dict', checkpoint.get('model'))
    tensors = tensors if isinstance(tensors, Mapping) else checkpoint
    for mark, key_map in RELEASED:
        if mark in tensors:
            return dict(state_dict=key_map.convert(tensors).mapped)
    return checkpoint
