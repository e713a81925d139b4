"""The optimizer state in a checkpoint, checked against the optimizer that will resume from it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import torch

from mmaddp.weights.plain_kinds import fits, is_dense, is_number, is_text_mapping, shown

# Averages and the like have the shape of the parameter.
_AS_PARAMETER = re.compile('(max_)?exp_avg|momentum_buffer|square_avg|grad_avg|acc_delta|exp_inf')
# Except these, which hold one value per row or column.
_FACTORS = ('row', 'col')
_BASE_SETTINGS = 'base_param_settings'


def optimizer_problems(state: Any, wrapper: Any, stepped: bool = True) -> Iterator[str]:
    """Compare a saved state with an optimizer wrapper of mmengine.

    Args:
        state: What the checkpoint holds.
        wrapper (OptimWrapper): The wrapper that will resume from it.
        stepped (bool): Whether it must hold averages, because there were updates. Defaults to
            True.

    Yields:
        str: A problem; it begins with the name of the entry.
    """
    if not isinstance(state, Mapping):
        yield ' is not a dict'
        return
    groups, own = state.get('param_groups'), wrapper.optimizer.param_groups
    if not isinstance(groups, list | tuple) or len(groups) != len(own):
        yield f'.param_groups must be {len(own)} groups'
        return
    problems = list(chain.from_iterable(map(_group_problems, range(len(own)), groups, own)))
    yield from problems
    if not problems:
        states = state.get('state')
        if stepped or states != {}:
            yield from _parameter_problems(states, groups, wrapper.optimizer)
    scaler = _own_scaler(wrapper)
    if scaler and 'loss_scaler' in state:
        given = state['loss_scaler']
        if not (isinstance(given, Mapping) and scaler.keys() <= given.keys()):
            yield '.loss_scaler is incomplete'
        else:
            yield from _value_problems('.loss_scaler', given, scaler)


def plain_optimizer(state: Mapping, wrapper: Any) -> dict:
    """A saved state, without the entries that this optimizer does not have.

    Args:
        state (Mapping): A state in which :func:`optimizer_problems` found nothing.
        wrapper (OptimWrapper): The wrapper that will resume from it.
    """
    groups = [
        {'params': group['params']} | _group_options(group, own)
        for group, own in zip(state['param_groups'], wrapper.optimizer.param_groups)
    ]
    plain = dict(state=dict(state['state']), param_groups=groups)
    scaler = _own_scaler(wrapper)
    if scaler and 'loss_scaler' in state:
        plain['loss_scaler'] = {key: state['loss_scaler'][key] for key in scaler}
    settings, own = state.get(_BASE_SETTINGS), getattr(wrapper, _BASE_SETTINGS, None)
    if isinstance(settings, Mapping) and own is not None:
        # They are only logged: where one does not fit, the value of this run is kept.
        plain[_BASE_SETTINGS] = {
            key: settings[key] if key in settings and fits(settings[key], value) else value
            for key, value in own.items()
        }
    return plain


def _group_options(group: Mapping, own: Mapping) -> dict:
    """Options of a group: numbers come from the checkpoint, switches from this run.

    How an update is computed (fused, capturable, ...) may not be possible on this device.
    """
    options = {key: value for key, value in own.items() if key != 'params'}
    switches = [key for key, value in options.items() if value is None or isinstance(value, bool)]
    return options | {key: group[key] for key in options if key in group and key not in switches}


def _own_scaler(wrapper: Any) -> dict:
    scaler = getattr(wrapper, 'loss_scaler', None)
    return scaler.state_dict() if scaler is not None else {}


def _group_problems(number: int, group: Any, own: Mapping) -> Iterator[str]:
    where = f'.param_groups[{number}]'
    if not is_text_mapping(group) or not {'params', 'lr'} <= group.keys():
        yield f'{where} must have params and lr'
        return
    params = group['params']
    if not isinstance(params, list | tuple) or len(params) != len(own['params']):
        yield f'{where} must hold {len(own["params"])} parameters'
    elif not all(type(number) is int for number in params):
        yield f'{where}.params must be numbers'
    options = {key: value for key, value in own.items() if key != 'params'}
    for key, value in options.items():
        # Some checkpoints are older than a switch; the optimizer knows the value they implied.
        if key not in group and (is_number(value) or isinstance(value, tuple)):
            yield f'{where}.{key} is missing: it is that of another optimizer'
    yield from _value_problems(where, group, options)
    if is_number(group['lr']) and group['lr'] < 0:
        yield f'{where}.lr is {group["lr"]}'


def _value_problems(where: str, given: Mapping, own: Mapping) -> Iterator[str]:
    for key, value in own.items():
        if key in given and not fits(given[key], value):
            yield f'{where}.{key} is {shown(given[key])} where this run has {shown(value)}'


def _parameter_problems(states: Any, groups, optimizer: torch.optim.Optimizer) -> Iterator[str]:
    names = [name for group in groups for name in group['params']]
    params = [param for group in optimizer.param_groups for param in group['params']]
    if not isinstance(states, Mapping):
        yield '.state is not a dict'
        return
    own = dict(zip(names, params))
    if len(own) != len(params):
        yield '.param_groups names a parameter twice'
    elif not states.keys() <= own.keys():
        yield '.state has entries that belong to no parameter'
    elif not states and _has_memory(optimizer) and params:
        yield '.state is empty: its averages are missing'
    else:
        expected = _expected_names(states.values(), optimizer)
        for name, state in states.items():
            yield from _entry_problems(f'.state[{name}]', state, own[name], expected)


def _has_memory(optimizer: torch.optim.Optimizer) -> bool:
    return 'betas' in optimizer.defaults or bool(optimizer.defaults.get('momentum'))


def _expected_names(states: Iterable[Any], optimizer: torch.optim.Optimizer) -> set[str]:
    """Keys that each parameter's state must have: those of the others, and those torch requires."""
    names = set().union(*filter(is_text_mapping, states))
    if isinstance(optimizer, torch.optim.Adam | torch.optim.AdamW):
        names |= {'step', 'exp_avg', 'exp_avg_sq'}
    return names


def _entry_problems(
    where: str, state: Any, param: torch.Tensor, expected: set[str]
) -> Iterator[str]:
    if not is_text_mapping(state):
        yield f'{where} is not a dict'
        return
    for key in sorted(expected - state.keys()):
        yield f'{where}.{key} is missing'
    for key, value in state.items():
        if torch.is_tensor(value):
            scalar = value.numel() == 1 and not _AS_PARAMETER.match(key)
            factor = any(part in key for part in _FACTORS)
            if not (factor or scalar or value.shape == param.shape):
                yield f'{where}.{key} has the shape {list(value.shape)}, not {list(param.shape)}'
            elif key == 'step' and value.numel() != 1:
                yield f'{where}.step is not a number'
            elif not _is_sound(key, value):
                yield f'{where}.{key} has values that are not finite or negative'
        elif not _is_plain(key, value):
            yield f'{where}.{key} is {shown(value)}'


def _is_plain(key: str, value: Any) -> bool:
    if key == 'step':
        return is_number(value) and value >= 0
    if _AS_PARAMETER.match(key):
        return value is None and key == 'momentum_buffer'
    return value is None or isinstance(value, bool) or is_number(value)


def _is_sound(key: str, value: torch.Tensor) -> bool:
    if not is_dense(value) or not bool(value.isfinite().all()):
        return False
    return not (key == 'step' or 'sq' in key) or not value.numel() or bool((value >= 0).all())
