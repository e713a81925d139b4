"""The only way weights get in: read safely, load completely."""

import argparse
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Optional, Union

import torch
from mmengine.logging import print_log
from torch import nn

from mmaddp.weights.known_weights import local_file
from mmaddp.weights.official_keys import official_tensors, to_our_layout
from mmaddp.weights.plain_header import header_meta
from mmaddp.weights.plain_kinds import is_text_mapping
from mmaddp.weights.shards import with_tensors
from mmaddp.weights.tensors import not_finite, tensor_problems
from mmaddp.weights.untrusted import holds, read_torch_file

# Keys under which weights are stored, tried in this order.
STATE_DICT_KEYS = ('state_dict', 'model')

# Entries of a training checkpoint that hosts would execute as Python.
PROGRAMS = ('config', 'cfg')

PRE_NORM = re.compile(r'(^|\.)pre_norm\.')
_OTHER_SHAPE = re.compile(r'size mismatch for ([\w.]+):')


def load_checkpoint_file(filename: Union[str, Path], map_location=None) -> dict:
    """Read a checkpoint (``.pth`` or ``.safetensors``) without running code that is in it.

    Args:
        filename (str | Path): A local file, or ``mmaddp://NAME`` of known weights.
        map_location: As in :func:`torch.load`; a device for ``.safetensors``. Defaults to None.

    Returns:
        dict: What the file holds.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is cut off, is no checkpoint, or holds an object that is no plain
            data.
    """
    path = local_file(filename)
    if not path.is_file():
        raise FileNotFoundError(
            f'There is no checkpoint {path}. Give the path of an existing .pth or .safetensors '
            'file; weights are never downloaded automatically.'
        )
    read = _read_safetensors if path.suffix == '.safetensors' else read_torch_file
    content = read(path, map_location)
    if not isinstance(content, dict):
        raise ValueError(
            f'{path} is no checkpoint: it holds a {type(content).__name__} where a dict of '
            'tensors is expected.'
        )
    if holds(content, argparse.Namespace) and official_tensors(content)[0] is None:
        raise ValueError(
            f'{path} is refused: it holds an argparse.Namespace, as the official ADDP, MAGE and '
            'classifier files do, but it is none of them. Save its state dict alone.'
        )
    return _as_data(with_tensors(content, path), path)


def _as_data(content: dict, path: Path) -> dict:
    """Leave out the configurations of a training checkpoint, which mmengine would execute.

    ``Runner.resume`` runs ``meta['config']``, inferencers run ``meta['cfg']`` and that of the
    message hub as Python. ``meta`` and its description of the data are dicts, or left out too.
    """
    content, meta, hub = dict(content), content.get('meta'), content.get('message_hub')
    if isinstance(meta, Mapping):
        content['meta'] = {key: value for key, value in meta.items() if key not in PROGRAMS}
        if not isinstance(meta.get('dataset_meta', {}), Mapping):
            content['meta'].pop('dataset_meta')
    elif not torch.is_tensor(meta):
        content.pop('meta', None)
    if isinstance(hub, Mapping) and isinstance(hub.get('runtime_info'), Mapping):
        info = {key: value for key, value in hub['runtime_info'].items() if key not in PROGRAMS}
        content['message_hub'] = {**hub, 'runtime_info': info}
    averages, weights = content.get('ema_state_dict'), content.get('state_dict')
    if averages is not None and isinstance(weights, Mapping):
        _check_averages(averages, weights, path)
    return content


def _check_averages(averages, weights: Mapping, path: Path) -> None:
    """Check the averaged weights, which EMA hooks swap with the weights, name by name."""
    problems = ['it is not a dict']
    if is_text_mapping(averages):
        problems = [*tensor_problems('ema_state_dict', averages)]
        for key, value in averages.items():
            own = weights.get(key.removeprefix('module.'))
            shape = getattr(value, 'shape', None)
            if key.startswith('module.') and getattr(own, 'shape', None) != shape:
                problems.append(f'{key} has no matching tensor among the weights')
    bad = [] if problems else not_finite(averages)
    problems += [f'{", ".join(bad[:5])} are not finite'] if bad else []
    if problems:
        raise ValueError(
            f'The averaged weights (ema_state_dict) of {path} are damaged: '
            f'{"; ".join(problems[:5])}. Save its state dict alone to use it.'
        )


def load_from_local(filename: str, map_location=None) -> dict:
    """Read one of our checkpoints or an official one; official names are converted to ours."""
    return to_our_layout(load_checkpoint_file(filename, map_location), filename)


def extract_state_dict(checkpoint: Mapping, source: str, prefix: str = '') -> dict:
    """Find the tensors of a checkpoint.

    Args:
        checkpoint (Mapping): ``{'state_dict': ...}``, ``{'model': ...}``, or tensors by name.
        source (str): Where it came from, for messages.
        prefix (str): Keep only the names that start so, and cut it off; a missing final dot is
            added. The frozen parts of an ADDP checkpoint, ``target_generator.tokenizer.`` and
            ``target_generator.token_predictor.``, are found without their first word as well.
            Defaults to '', everything.

    Returns:
        dict[str, torch.Tensor]: Tensors by name.

    Raises:
        ValueError: There are no tensors, or none under the prefix.
    """
    tensors = next((checkpoint[key] for key in STATE_DICT_KEYS if key in checkpoint), checkpoint)
    if not is_text_mapping(tensors) or not any(map(torch.is_tensor, tensors.values())):
        raise ValueError(
            f'{source} holds no weights: expected tensors by name, at the top or under '
            f'{" or ".join(map(repr, STATE_DICT_KEYS))}; found the keys {_some(checkpoint)}.'
        )
    start = f'{prefix.removesuffix(".")}.' if prefix else ''
    found = _under(start, tensors) or _under(f'target_generator.{start}', tensors)
    if not found:
        parts = sorted({key.partition('.')[0] for key in tensors})
        raise ValueError(
            f'{source} holds nothing under the prefix {start!r}; its parts are {_some(parts)}.'
        )
    return found


def without(state_dict: Mapping[str, torch.Tensor], patterns: Sequence[str]) -> dict:
    """The tensors whose names start with none of the regular expressions."""
    return {key: state_dict[key] for key in not_matching(state_dict, patterns)}


def load_weights(
    module: nn.Module,
    state_dict: Mapping[str, torch.Tensor],
    source: str,
    allow_missing: Sequence[str] = (),
    allow_unexpected: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> None:
    """Fill every parameter and buffer of a module, or say which ones do not fit.

    The module's own load hooks run first, so that position tables may be resized. What was loaded,
    left over and left alone is logged. All patterns are regular expressions, matched from the
    start of the name.

    Args:
        module (nn.Module): Receives the weights.
        state_dict (Mapping): Tensors by name.
        source (str): Where they came from, for messages.
        allow_missing (Sequence[str]): Entries of the module that may keep their values.
            Defaults to none.
        allow_unexpected (Sequence[str]): Tensors that may be left over. Defaults to none.
        drop (Sequence[str]): Tensors to leave out although the module has such an entry, for
            instance a head for other classes; the module keeps its own values, and a warning
            says so. Defaults to none.

    Raises:
        ValueError: A tensor has another shape, is missing, left over or not finite; every one is
            named.
    """
    kept = without(state_dict, drop)
    dropped = [key for key in state_dict if key not in kept]
    # Entries that are not tensors at all are among PyTorch's own complaints.
    problems = list(
        tensor_problems('weights', {k: v for k, v in kept.items() if torch.is_tensor(v)})
    )
    try:
        # PyTorch's strict mode allows no exceptions; what it would refuse is refused below.
        result = module.load_state_dict(kept, strict=False)
    except RuntimeError as error:
        # The first line only says that something is wrong with a class name.
        problems += [line.strip() for line in str(error).splitlines()[1:]]
        missing, unexpected = _key_difference(module, kept)
    else:
        missing, unexpected = result.missing_keys, result.unexpected_keys
    wanting = not_matching(missing, [*allow_missing, *drop])
    left_over = not_matching(unexpected, allow_unexpected)
    if wanting:
        problems.append(f'missing, would keep random values: {_some(wanting)}')
    if left_over:
        problems.append(f'left over: {_some(left_over)}')
    if problems:
        raise ValueError(_misfit(source, module, problems))
    bad = not_finite(kept)
    if bad:
        raise ValueError(
            f'The weights {_some(bad, 5)} of {source} are not finite: that training has failed. '
            'Use an earlier checkpoint of it.'
        )
    _report(module, source, len(kept) - len(unexpected), missing, unexpected, dropped)


def _misfit(source: str, module: nn.Module, problems: list[str]) -> str:
    text = '\n  '.join([f'The weights of {source} do not fit {type(module).__name__}:', *problems])
    text += (
        '\nUse a checkpoint of the same configuration (widths, depth, number of codes), or '
        'change the configuration to it.'
    )
    names = [match[1] for match in map(_OTHER_SHAPE.match, problems) if match]
    if names:
        layers = dict.fromkeys(name.rpartition('.')[0] or name for name in names)
        text += (
            ' To leave tensors of other shapes out on purpose, for instance a head for other '
            'classes, set drop in default_hooks.strict_load (a checkpoint for load_from) '
            f'or in init_cfg (pre-trained weights): drop={list(layers)}.'
        )
    return text


def _report(
    module: nn.Module,
    source: str,
    num_loaded: int,
    missing: Sequence[str],
    left_over: Sequence[str],
    dropped: Sequence[str],
) -> None:
    """Log what happened to the tensors of a checkpoint and to the entries of a module."""
    lines = [f'Loaded {num_loaded} tensors of {source} into {type(module).__name__}.']
    if left_over:
        lines.append(f'Not used, as allowed: {_some(left_over)}.')
    own = [key for key in missing if key not in dropped]
    if own:
        lines.append(f'Not in the file, keep their values, as allowed: {_some(own)}.')
    if any(PRE_NORM.search(key) for key in left_over):
        lines.append(
            'pre_norm, called tokenizer_norm in official files, was not used: the model has none, '
            'as in official fine-tuning. pre_norm=True keeps it.'
        )
    elif any(PRE_NORM.search(key) for key in module.state_dict()):
        lines.append(
            'pre_norm, called tokenizer_norm in official files, was loaded; official fine-tuning '
            'does without it.'
        )
    print_log(' '.join(lines), logger='current')
    if dropped:
        print_log(
            f'Dropped from {source}, as asked: {_some(dropped)}. The model keeps its own values.',
            logger='current',
            level=logging.WARNING,
        )


def _read_safetensors(path: Path, map_location) -> dict:
    """Tensors by name; ``state_dict`` and ``meta`` of a plain weights file of ours."""
    from safetensors import safe_open

    try:
        with safe_open(path, 'pt', device=str(map_location or 'cpu')) as file:
            # Its handle is no mapping: it cannot be iterated over.
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            meta = header_meta(file.metadata() or {})
    except PermissionError:
        raise
    except Exception as error:  # Whatever error the reader raises, the file is to blame.
        raise ValueError(
            f'{path} is cut off or not a safetensors file ({error}): copy or download it again.'
        ) from error
    return tensors if meta is None else dict(state_dict=tensors, meta=meta)


def _under(start: str, tensors: Mapping) -> dict:
    return {key[len(start) :]: value for key, value in tensors.items() if key.startswith(start)}


def _key_difference(module: nn.Module, state_dict: Mapping) -> tuple[list[str], list[str]]:
    own = module.state_dict().keys()
    return [key for key in own if key not in state_dict], [
        key for key in state_dict if key not in own
    ]


def not_matching(keys: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """The keys that no regular expression matches from the start."""
    return [key for key in keys if not any(re.match(pattern, key) for pattern in patterns)]


def _some(keys, limit: Optional[int] = 20) -> str:
    keys = list(keys)
    rest = f' and {len(keys) - limit} more' if len(keys) > limit else ''
    return ', '.join(map(str, keys[:limit])) + rest
