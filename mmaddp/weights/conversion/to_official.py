"""Our checkpoints to the layout of the official projects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union

import torch
from torch import Tensor

from mmaddp.weights.checkpoint import extract_state_dict, load_from_local
from mmaddp.weights.official_keys import KINDS

from .from_official import account
from .widths import part, vote

_ONLY_TRAINING = ('discriminator.', 'perceptual_loss.')


@dataclass(frozen=True)
class OfficialLayout:
    """One of our checkpoints under official names.

    Attributes:
        kind (str): 'vqgan', 'mage', 'addp' or 'classifier'.
        key (str): Where the official code looks for the tensors in the file.
        tensors (dict[str, Tensor]): Official name -> tensor, ``unused`` included.
        unused (list[str]): Official names that no output depends on and that we do not have. They
            are zero, so that a strict load in the official code succeeds.
        dropped (list[str]): Our names that the official layout has no place for.
    """

    kind: str
    key: str
    tensors: dict[str, Tensor] = field(repr=False)
    unused: list[str]
    dropped: list[str]

    def __str__(self) -> str:
        kept = len(self.tensors) - len(self.unused)
        return (
            f'kind: {self.kind}\nmapped: {kept} tensors\n'
            f'zero, unused by the official network: {len(self.unused)} tensors\n'
            f'dropped, only for training: {len(self.dropped)} tensors'
        )


def to_official(path: Union[str, Path]) -> OfficialLayout:
    """Read one of our checkpoints and give its tensors official names.

    Args:
        path (str | Path): Checkpoint of a tokenizer, of MAGE, of an ADDP pre-training, or of a
            classifier fine-tuned without ``pre_norm``.

    Raises:
        ValueError: It is none of these, or not complete.
    """
    state_dict = extract_state_dict(load_from_local(str(path), 'cpu'), str(path))
    kind, ours, dropped = _sort(state_dict, str(path))
    back = KINDS[kind].keys.inverse()
    names = {name: back.rename(name) for name in ours}
    unknown = [name for name, official in names.items() if official is None]
    if unknown:
        raise ValueError(
            f'{path} cannot be written as an official {kind} file; the official layout has no '
            f'place for {", ".join(unknown)}.'
        )
    tensors = {official: ours[name] for name, official in names.items()}
    account(KINDS[kind], tensors, str(path))
    unused = _unused(kind, ours, state_dict)
    key = 'state_dict' if kind == 'vqgan' else 'model'
    return OfficialLayout(kind, key, {**tensors, **unused}, list(unused), dropped)


def _sort(state_dict: Mapping[str, Tensor], source: str) -> tuple[str, dict, list[str]]:
    """Kind of one of our checkpoints, what belongs to it, and what only training needs."""
    starts = {name.partition('.')[0] for name in state_dict}
    needed: tuple[str, ...]
    if {'backbone', 'neck', 'target_generator'} <= starts:
        kind, needed = 'addp', ('backbone.', 'neck.', 'head.', 'target_generator.')
    elif 'head.fc.weight' in state_dict and 'backbone' in starts:
        kind, needed = 'classifier', ('backbone.', 'head.')
    elif 'token_predictor' in starts:
        kind, needed = 'mage', ('token_predictor.',)
    elif 'tokenizer' in starts:
        kind, needed = 'vqgan', ('tokenizer.',)
    else:
        raise ValueError(
            f'{source} is not one of our tokenizer, token predictor, ADDP or classifier '
            f'checkpoints; its parts are {", ".join(sorted(starts)[:20])}.'
        )
    ours = {name: value for name, value in state_dict.items() if name.startswith(needed)}
    others = [name for name in state_dict if name not in ours]
    frozen = ('tokenizer.',) if kind == 'mage' else ()
    strange = [name for name in others if not name.startswith((*_ONLY_TRAINING, *frozen))]
    if strange:
        raise ValueError(
            f'{source} holds tensors that no {kind} checkpoint has: {", ".join(strange)}.'
        )
    return kind, ours, [name for name in others if name.startswith(_ONLY_TRAINING)]


def _unused(
    kind: str, ours: Mapping[str, Tensor], state_dict: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """What only the official modules have; see :class:`OfficialLayout`."""
    if kind == 'mage':
        return _unused_of_mage(
            part(ours, 'token_predictor.'), part(state_dict, 'tokenizer.'), patch_size=16
        )
    if kind != 'addp':
        return {}
    encoder, neck = part(ours, 'backbone.'), part(ours, 'neck.')
    patch_size = vote(encoder, r'patch_embed\.projection\.weight', 2)
    positions, decoder_positions = encoder['pos_embed'], neck['pos_embed']
    predictor = _unused_of_mage(
        part(ours, 'target_generator.token_predictor.'),
        part(ours, 'target_generator.tokenizer.'),
        patch_size,
    )
    return {
        'decoder_pos_embed': torch.zeros_like(decoder_positions),
        'pos_token_embed': torch.zeros_like(positions),
        'pos_mask_embed': torch.zeros_like(positions),
        **_pixel_output(decoder_positions.shape[-1], patch_size),
        **{f'token_predictor.{name}': tensor for name, tensor in predictor.items()},
    }


def _unused_of_mage(
    predictor: Mapping[str, Tensor], tokenizer: Mapping[str, Tensor], patch_size: int
) -> dict[str, Tensor]:
    positions = predictor['token_embed.position.weight']
    decoder_positions = predictor['decoder_pos_embed']
    slots, width = positions.shape
    return {
        'cls_token': torch.zeros(1, 1, width),
        'pos_embed': torch.zeros(1, slots, width),
        'mask_token': torch.zeros(1, 1, decoder_positions.shape[-1]),
        'decoder_pos_embed': torch.zeros_like(decoder_positions),
        'token_emb.position_ids': torch.arange(slots)[None],
        'patch_embed.proj.weight': torch.zeros(width, 3, patch_size, patch_size),
        'patch_embed.proj.bias': torch.zeros(width),
        **_pixel_output(decoder_positions.shape[-1], patch_size),
        **{f'vqgan.{name}': tensor for name, tensor in tokenizer.items()},
    }


def _pixel_output(width: int, patch_size: int) -> dict[str, Tensor]:
    """MAE's layer from tokens to the pixels of a patch."""
    values = 3 * patch_size**2
    return {
        'decoder_pred.weight': torch.zeros(values, width),
        'decoder_pred.bias': torch.zeros(values),
    }
