"""Which keys settings may have: those accepted by what is built from them."""

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Optional

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.registry import Registry
from mmengine.utils import ManagerMixin

Kind = Any  # a name, a class or another callable
# Keys that a builder takes out of settings before it builds.
BUILDERS = frozenset(
    {*('type', '_scope_', '_delete_', 'init_cfg', 'override', 'data_preprocessor', 'requires_grad')}
)
OPTIM_WRAPPER_KEYS = frozenset({'optimizer', 'constructor', 'paramwise_cfg'})
SCHEDULER_KEYS = frozenset({'convert_to_iter_based', 'epoch_length', 'by_epoch'})


@cache
def registries(scope: str) -> tuple[Registry, ...]:
    """All registries of a package, and of mmengine."""
    found: dict[int, Registry] = {}
    for name in (f'{scope}.registry', 'mmengine.registry'):
        try:
            module = import_module(name)
        except ImportError:
            continue
        for value in vars(module).values():
            if isinstance(value, Registry):
                found[id(value)] = value
    return tuple(found.values())


def has_registries(scope: str) -> bool:
    """Whether there is a package of that name with registries."""
    try:
        return find_spec(f'{scope}.registry') is not None
    except (ImportError, ValueError):
        return False


@cache
def kinds(name: str, scope: str) -> tuple[Kind, ...]:
    """What a name stands for in a scope, in any registry; empty if it stands for nothing."""
    prefix, separator, own = name.partition('.')
    if '.' in own:
        return _by_whole_name(name)
    if separator and has_registries(prefix):
        name, scope = own, prefix
    found: list[Kind] = []
    for registry in registries(scope):
        kind = registry.get(name)
        if kind is not None and kind not in found:
            found.append(kind)
    return tuple(found)


def _by_whole_name(name: str) -> tuple[Kind, ...]:
    """The class that a name with its module stands for, such as ``torch.optim.adamw.AdamW``."""
    module, _, own = name.rpartition('.')
    try:
        return (getattr(import_module(module), own),)
    except (ImportError, AttributeError):
        return ()


def names_in(scope: str) -> Iterator[str]:
    """All names that are registered in a scope."""
    for registry in registries(scope):
        yield from registry.module_dict


@cache
def parameters(kind: Kind) -> tuple[frozenset[str], bool]:
    """Names of the arguments of what is built, and whether it takes others as well.

    Arguments that a class hands on as ``**kwargs`` are those of its base.
    """
    if not inspect.isclass(kind):
        return _of_function(kind) or (frozenset(), True)
    names = set(_extras(kind))
    for base in kind.__mro__:
        if '__init__' not in vars(base) or base is object:
            continue
        found = _of_function(vars(base)['__init__'])
        if found is None:
            return frozenset(names), True
        names |= found[0]
        if not found[1]:
            return frozenset(names), False
    return frozenset(names), True


def _of_function(function: Callable) -> Optional[tuple[frozenset[str], bool]]:
    try:
        signature = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    is_open = any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature)
    names = {
        parameter.name
        for parameter in signature
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    return frozenset(names - {'self'}), is_open


def _extras(kind: type) -> Iterator[str]:
    """Keys that are read where the class is built, not by the class itself."""
    if issubclass(kind, Hook):
        yield 'priority'
    if issubclass(kind, ManagerMixin):
        yield 'name'
    if issubclass(kind, OptimWrapper):
        yield from OPTIM_WRAPPER_KEYS
    if hasattr(kind, 'build_iter_from_epoch'):
        yield from SCHEDULER_KEYS
