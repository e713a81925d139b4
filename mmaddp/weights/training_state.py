"""What a resumed training takes from a checkpoint: known entries, of known types and in range.

mmengine's Runner hands what it finds to its loops, optimizers, schedulers and hooks as it is. Here
it is compared with the training that is to be resumed, before any of them sees it.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Optional

import torch
from mmengine.logging import print_log

from mmaddp.weights.optimizer_state import optimizer_problems, plain_optimizer
from mmaddp.weights.plain_kinds import fits, is_count, is_dense, is_number, is_text_mapping, shown
from mmaddp.weights.position_state import (
    GRADIENTS,
    LARGEST_COUNT,
    POSITION,
    gradient_problems,
    has_stepped,
    position_problems,
)
from mmaddp.weights.tensors import not_finite, shapes, tensor_problems

# The plain form of a buffer of the log, as PlainMessageHubHook writes it.
BUFFER_KEY = 'history_buffer'
LONGEST_LOG = 1_000_000
# What numpy takes as a seed.
LARGEST_SEED = 2**32 - 1

_LOGGED = {torch.float32, torch.float64, torch.int32, torch.int64}

_META = ('epoch', 'iter', 'seed', 'dataset_meta')
_READ = ('meta', 'message_hub', 'optimizer', 'param_schedulers')
_SCORE = re.compile(r'best_score(_.+)?')
_BEST = re.compile(r'best_ckpt(_.+)?')


@dataclass(frozen=True)
class Training:
    """The training that is to be resumed.

    Attributes:
        source (str): The checkpoint that it continues from.
        shapes (dict): Shapes of the model's tensors by name.
        length (int): Its epochs, or iterations if it is counted in them.
        by_epoch (bool): What it is counted in.
        optimizers (dict): Optimizer wrappers by name; a single one has the name ''.
        schedulers (dict, optional): States of the schedulers, in lists by the name of their
            optimizer, which is '' where there is only one. None if there are none.
        folder (str, optional): Folder of the checkpoint if this training writes there; it then
            continues that run's lists.
    """

    source: str
    shapes: Mapping[str, torch.Size]
    length: int
    by_epoch: bool
    optimizers: Mapping[str, Any]
    schedulers: Optional[Mapping[str, Sequence[Mapping]]]
    folder: Optional[str]


def checked_training(checkpoint: dict, training: Training) -> dict:
    """The checkpoint, reduced to what the Runner of a resumed training may read.

    Entries unknown to the Runner stay as they are, for the hooks that wrote them.

    Args:
        checkpoint (dict): As read.
        training (Training): The training that is to continue from it.

    Raises:
        ValueError: Something is missing, of the wrong type or out of range; all of it is named.
    """
    source = training.source
    if not any(key in checkpoint for key in _READ):
        raise ValueError(
            f'{source} holds weights alone, as official and converted files do: there is no '
            f'training in it to resume. {_anew(source)}'
        )
    problems = [
        *_weight_problems(checkpoint),
        *_meta_problems(checkpoint.get('meta'), training),
        *_hub_problems(checkpoint),
        *_optimizer_problems(checkpoint, training),
        *_scheduler_problems(checkpoint, training),
        *position_problems(checkpoint.get(POSITION), *_place(checkpoint, training)),
        *gradient_problems(checkpoint.get(GRADIENTS), training.shapes, _may_overflow(training)),
    ]
    if problems:
        lines = '\n  '.join(problems[:20])
        raise ValueError(f'{source} cannot be resumed:\n  {lines}\n{_anew(source)}')
    meta = {key: checkpoint['meta'][key] for key in _META if key in checkpoint['meta']}
    kept = {key: value for key, value in checkpoint.items() if key not in _READ}
    kept.update(
        meta=meta,
        message_hub=_plain_hub(checkpoint['message_hub'], training),
        optimizer=_plain_optimizers(checkpoint['optimizer'], training),
    )
    if training.schedulers is not None:
        kept['param_schedulers'] = checkpoint['param_schedulers']
    return kept


def is_log_buffer(value: Any) -> bool:
    """Whether this is the plain form of a buffer of the log."""
    if not (isinstance(value, Mapping) and isinstance(value.get(BUFFER_KEY), Mapping)):
        return False
    buffer = value[BUFFER_KEY]
    columns = [buffer.get('history'), buffer.get('counts')]
    if not all(is_dense(column) and column.ndim == 1 for column in columns):
        return False
    history, counts = columns
    length = buffer.get('max_length')
    if not (is_count(length, LONGEST_LOG) and len(history) == len(counts) <= LONGEST_LOG):
        return False
    return {history.dtype, counts.dtype} <= _LOGGED


def _anew(source: str) -> str:
    return (
        'To start a new training from these weights, leave --resume out and give '
        f'--cfg-options load_from={source}'
    )


def _weight_problems(checkpoint: Mapping) -> Iterator[str]:
    weights = checkpoint.get('state_dict')
    if not is_text_mapping(weights) or not weights:
        yield 'state_dict holds no tensors by name'
        return
    yield from tensor_problems('state_dict', weights)
    bad = not_finite(weights)
    if bad:
        yield f'the weights {", ".join(bad[:5])} are not finite'


def _meta_problems(meta: Any, training: Training) -> Iterator[str]:
    if not isinstance(meta, Mapping):
        yield 'meta, with the epoch and iteration it is from, is missing or not a dict'
        return
    for key in ('epoch', 'iter'):
        value = meta.get(key)
        if not is_count(value, LARGEST_COUNT):
            yield f'meta.{key} must be a whole number from 0, got {shown(value)}'
        elif (key == 'epoch') == training.by_epoch and value > training.length:
            yield f'meta.{key} is {value}, but this training ends at {training.length}'
    seed = meta.get('seed')
    if seed is not None and not is_count(seed, LARGEST_SEED):
        yield f'meta.seed must be a whole number from 0 to {LARGEST_SEED}, got {shown(seed)}'


def _hub_problems(checkpoint: Mapping) -> Iterator[str]:
    hub = checkpoint.get('message_hub')
    if not isinstance(hub, Mapping):
        yield 'message_hub, with the log and the best scores, is missing or not a dict'
        return
    for key in ('log_scalars', 'runtime_info'):
        if not isinstance(hub.get(key), Mapping):
            yield f'message_hub.{key} is missing or not a dict'


def _plain_hub(hub: Mapping, training: Training) -> dict:
    """The log, and what checkpoint hooks keep; the run itself rewrites everything else."""
    scalars = {
        key: value
        for key, value in hub['log_scalars'].items()
        if isinstance(key, str) and is_log_buffer(value)
    }
    left_out = hub['log_scalars'].keys() - scalars.keys()
    if left_out:
        names = ', '.join(sorted(map(str, left_out))[:5])
        print_log(f'No logs: {names}. They are left out.', 'current', logging.WARNING)
    info = dict(_known_info(hub['runtime_info'], training.folder))
    return dict(
        log_scalars=scalars, runtime_info=info, resumed_keys=dict.fromkeys([*scalars, *info], True)
    )


def _known_info(info: Mapping, folder: Optional[str]) -> Iterator[tuple[str, Any]]:
    if folder is None:  # Lists and best score are those of another run.
        return
    for key, value in info.items():
        if not isinstance(key, str):
            continue
        if _SCORE.fullmatch(key) and is_number(value):
            yield key, value
        elif _BEST.fullmatch(key) and isinstance(value, str):
            yield key, f'{folder}/{PurePosixPath(PureWindowsPath(value).name).name}'
        elif key == 'keep_ckpt_ids' and isinstance(value, list | tuple):
            yield key, [number for number in value if is_count(number, LARGEST_COUNT)]


def _optimizer_problems(checkpoint: Mapping, training: Training) -> Iterator[str]:
    if 'optimizer' not in checkpoint:
        yield (
            'the state of the optimizer is missing: best_*.pth hold weights alone, the newest '
            'epoch_*.pth or iter_*.pth is the one to resume from'
        )
        return
    given = _by_name(checkpoint['optimizer'], training.optimizers)
    if given is None:
        yield f'optimizer must hold the states of {sorted(training.optimizers)}'
        return
    weights = checkpoint.get('state_dict')
    if is_text_mapping(weights) and any(
        training.shapes.get(key, shape) != shape for key, shape in shapes(weights).items()
    ):
        return  # A different model: StrictLoadHook reports it, tensor by tensor.
    for name, wrapper in training.optimizers.items():
        where = f'optimizer.{name}' if name else 'optimizer'
        stepped = has_stepped(checkpoint.get(POSITION), name, wrapper._accumulative_counts)
        yield from (f'{where}{text}' for text in optimizer_problems(given[name], wrapper, stepped))


def _plain_optimizers(state: Mapping, training: Training) -> dict:
    given = _by_name(state, training.optimizers)
    plain = {
        name: plain_optimizer(given[name], wrapper) for name, wrapper in training.optimizers.items()
    }
    return plain.get('', plain)


def _scheduler_problems(checkpoint: Mapping, training: Training) -> Iterator[str]:
    if training.schedulers is None:
        return
    if 'param_schedulers' not in checkpoint:
        yield 'the state of the schedules (param_schedulers) is missing'
        return
    given = _by_name(checkpoint['param_schedulers'], training.schedulers)
    for name, own in training.schedulers.items():
        states = given and given[name]
        if not isinstance(states, list | tuple) or len(states) != len(own):
            yield f'param_schedulers must hold {len(own)} states of schedules'
            continue
        for number, (state, expected) in enumerate(zip(states, own)):
            yield from _state_problems(f'param_schedulers[{number}]', state, expected)


def _state_problems(where: str, state: Any, own: Mapping) -> Iterator[str]:
    if not is_text_mapping(state):
        yield f'{where} is not a dict'
        return
    for key in state.keys() - own.keys():
        yield f'{where}.{key} is unknown'
    for key, value in own.items():
        if key not in state:
            if is_number(value):
                yield f'{where}.{key} is missing'
        elif not fits(state[key], value):
            yield f'{where}.{key} is {shown(state[key])} where this run has {shown(value)}'


def _place(checkpoint: Mapping, training: Training) -> tuple[Any, Any]:
    """Epoch, if this training counts them, and iteration that a position has to agree with."""
    meta = checkpoint.get('meta')
    if not isinstance(meta, Mapping):
        return None, None
    return meta.get('epoch') if training.by_epoch else None, meta.get('iter')


def _may_overflow(training: Training) -> bool:
    """Whether gradients may be infinite, because a loss scaler skips such steps."""
    wrappers = training.optimizers.values()
    return any(getattr(wrapper, 'loss_scaler', None) is not None for wrapper in wrappers)


def _by_name(given: Any, names: Mapping) -> Optional[Mapping]:
    """States by the names that this training has; None if there are others."""
    if set(names) == {''}:
        return {'': given}
    return given if isinstance(given, Mapping) and given.keys() == names.keys() else None
