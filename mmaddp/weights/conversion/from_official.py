"""Official checkpoints to ours, every tensor accounted for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union

import torch
from torch import Tensor

from mmaddp.weights.checkpoint import load_checkpoint_file, not_matching
from mmaddp.weights.official_keys import KINDS, OfficialKind, official_tensors, recognise
from mmaddp.weights.tensors import check_tensors

from . import widths

_CONFIGS = dict(
    vqgan=lambda tensors: widths.vqgan_config(widths.part(tensors, 'tokenizer.')),
    mage=lambda tensors: widths.mage_config(widths.part(tensors, 'token_predictor.')),
    addp=widths.addp_config,
    classifier=widths.classifier_config,
)
_PREFIXES = dict(vqgan='tokenizer.', mage='token_predictor.')
_TRAINED = ('backbone.', 'neck.', 'head.')

PARTS = dict(
    tokenizer=('target_generator.tokenizer.', 'tokenizer.'),
    token_predictor=('target_generator.token_predictor.', 'token_predictor.'),
    addp=('', ''),
    backbone=('backbone.', 'backbone.'),
)
"""Parts of an ADDP checkpoint: prefix in the whole, and prefix in a file of the part alone. The
part ``addp`` is what pre-training trains, without the two frozen parts."""


@dataclass(frozen=True)
class Converted:
    """An official file under our names.

    Attributes:
        kind (str): 'vqgan', 'mage', 'addp' or 'classifier'.
        mapped (dict[str, str]): Official name -> ours.
        dropped (dict[str, str]): Official name -> why we have no use for it.
        new (list[str]): Our names that the file does not fill, as allowed.
        state_dict (dict[str, Tensor]): Our name -> tensor.
    """

    kind: str
    mapped: dict[str, str]
    dropped: dict[str, str]
    new: list[str]
    state_dict: dict[str, Tensor] = field(repr=False)

    def __str__(self) -> str:
        lines = [f'kind: {self.kind}', f'mapped: {len(self.mapped)} tensors']
        lines.append(f'dropped: {len(self.dropped)} tensors')
        reasons: dict[str, list[str]] = {}
        for name, reason in self.dropped.items():
            reasons.setdefault(reason, []).append(name)
        for reason, names in reasons.items():
            shown = ', '.join(names[:4]) + (f' and {len(names) - 4} more' * (len(names) > 4))
            lines.append(f'  {reason}: {shown}')
        lines.append(f'new, not in the file: {", ".join(self.new) or "none"}')
        return '\n'.join(lines)


def convert_official(
    path: Union[str, Path], kind: str = 'auto', allow_missing: Sequence[str] = ()
) -> Converted:
    """Read an official file and check it against the model that its widths describe.

    Args:
        path (str | Path): A released VQGAN, MAGE, ADDP or fine-tuned classifier file.
        kind (str): One of ``KINDS``, or 'auto' to recognise it by the names. Defaults to 'auto'.
        allow_missing (Sequence[str]): Regular expressions, matched from the start, of our names
            that the file need not fill. Defaults to none.

    Returns:
        Converted: The tensors under our names.

    Raises:
        ValueError: The kind is unknown or another one, or tensors are missing, left over or of
            another shape; one message names all of them.
    """
    chosen, tensors = _find(load_checkpoint_file(path, 'cpu'), str(path), kind)
    check_tensors(tensors, str(path))
    return account(chosen, tensors, str(path), allow_missing)


def account(
    kind: OfficialKind,
    tensors: Mapping[str, Tensor],
    source: str,
    allow_missing: Sequence[str] = (),
) -> Converted:
    """Give official tensors our names and check that they are those of one model.

    Args:
        kind (OfficialKind): Their kind.
        tensors (Mapping): Official name -> tensor.
        source (str): Where they came from, for the message.
        allow_missing (Sequence[str]): See :func:`convert_official`.

    Raises:
        ValueError: See :func:`convert_official`.
    """
    conversion = kind.keys.split(tensors)
    expected = expected_shapes(kind.name, conversion.mapped)
    missing = [name for name in expected if name not in conversion.mapped]
    renamed = {name: kind.keys.rename(name) for name in tensors if name not in conversion.dropped}
    extra = [
        name for name, ours in renamed.items() if ours not in expected or name in conversion.unknown
    ]
    unfilled = not_matching(missing, allow_missing)
    shapes = _other_shapes(conversion.mapped, expected)
    if unfilled or extra or shapes:
        raise ValueError(_message(source, kind, unfilled, extra, shapes))
    return Converted(kind.name, renamed, conversion.dropped, missing, conversion.mapped)


def expected_shapes(kind: str, tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    """Names and shapes of our model of the widths that the tensors have.

    Args:
        kind (str): One of ``KINDS``.
        tensors (Mapping): Our name -> tensor; gaps and odd shapes do not matter.
    """
    prefix = _PREFIXES.get(kind, '')
    shapes = widths.model_shapes(_CONFIGS[kind](tensors))
    return {prefix + name: shape for name, shape in shapes.items()}


def take_part(state_dict: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """One part of an ADDP checkpoint, under the names that it has in a file of its own.

    Args:
        state_dict (Mapping): Our name -> tensor.
        name (str): One of ``PARTS``.

    Raises:
        ValueError: The checkpoint has no such part.
    """
    if name == 'addp':
        found = {key: value for key, value in state_dict.items() if key.startswith(_TRAINED)}
    else:
        start, own = PARTS[name]
        found = {own + key: value for key, value in widths.part(state_dict, start).items()}
    if not found:
        raise ValueError(f'There is no part {name!r} in this file: only ADDP files have parts.')
    return found


def _find(content: Mapping, source: str, kind: str) -> tuple[OfficialKind, Mapping]:
    recognised, tensors = official_tensors(content)
    if recognised is None:
        recognised = recognise(tensors)
    if kind != 'auto' and kind not in KINDS:
        raise ValueError(f'kind must be auto or one of {", ".join(KINDS)}, got {kind!r}.')
    if recognised is None:
        raise ValueError(
            f'{source} is not an official VQGAN, MAGE, ADDP or classifier file; its names start '
            f'with {", ".join(sorted({name.partition(".")[0] for name in tensors})[:20])}.'
        )
    if kind not in ('auto', recognised.name):
        raise ValueError(f'{source} is of kind {recognised.name!r}, not {kind!r}.')
    return recognised, {name: value for name, value in tensors.items() if torch.is_tensor(value)}


def _other_shapes(tensors: Mapping, expected: Mapping) -> list[str]:
    return [
        f'{name} is {tuple(tensor.shape)}, expected {tuple(expected[name])}'
        for name, tensor in tensors.items()
        if name in expected and tensor.shape != expected[name]
    ]


def _message(
    source: str, kind: OfficialKind, missing: list[str], extra: list[str], shapes: list[str]
) -> str:
    back = kind.keys.inverse()
    lines = [f'{source} does not fill our model (kind {kind.name!r}):']
    if missing:
        names = [f'{back.rename(name)} (ours: {name})' for name in missing]
        lines.append(f'missing: {", ".join(names)}')
    if extra:
        lines.append(f'without a place in our model: {", ".join(extra)}')
    if shapes:
        lines.append(f'of another shape: {", ".join(shapes)}')
    lines.append('Nothing was written. Check that the download is whole and of that kind.')
    return '\n  '.join(lines)
