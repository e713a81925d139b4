"""Find settings that nothing reads, or that cannot be right, before anything is built."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, TestLoop, ValLoop
from mmengine.runner.utils import set_random_seed
from mmengine.utils.dl_utils import set_multi_processing
from torch.utils.data import DataLoader

from mmaddp.run.known_keys import BUILDERS, kinds, names_in, parameters
from mmaddp.run.nearest import nearest
from mmaddp.utils.config_types import type_name

# Looked up in a table of the class that is built, not in a registry.
OWN_TABLES = re.compile(
    r'(nms|nms_cfg|dqs_cfg|adapt_cfg|targets|\w+_trans|worker_init_fn|collate_fn|roi_layer)$'
)
# Their parts come from a library that has no registry.
FOREIGN = frozenset({'Albu'})
# Keys that a class of a host takes out of its parts before it builds them.
TAKEN_OUT = frozenset({'magnitude_key', 'in_index', 'bg_cls_weight', 'fallback_on_stride'})
# Parts of the configuration that something is built from.
BUILT = (
    *('model', 'tta_model', 'data_preprocessor', 'train_dataloader', 'val_dataloader'),
    *('test_dataloader', 'tta_pipeline', 'optim_wrapper', 'param_scheduler', 'default_hooks'),
    *('custom_hooks', 'train_cfg', 'val_cfg', 'test_cfg', 'val_evaluator', 'test_evaluator'),
    *('visualizer', 'log_processor'),
)
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# Settings for which there is no list of keys.
SETTINGS = (
    *('model', 'tta_model', 'data_preprocessor', 'optim_wrapper', 'default_hooks', 'visualizer'),
    *('train_cfg', 'val_cfg', 'test_cfg', 'env_cfg', 'auto_scale_lr', 'randomness'),
    'log_processor',
)
DEFAULT_HOOKS = frozenset(
    {'runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint'}
)


def _named(*functions: Callable) -> frozenset[str]:
    """Names of the arguments of functions."""
    return frozenset().union(*(inspect.signature(function).parameters for function in functions))


_LOADER = _named(DataLoader.__init__) | {
    *('dataset', 'num_batch_per_epoch', 'disable_subprocess_warning', 'indices'),
}
# Settings without a type, and the keys that are read from them.
PLAIN = {
    'env_cfg': frozenset({'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'}),
    'env_cfg.mp_cfg': _named(set_multi_processing),
    'auto_scale_lr': frozenset({'enable', 'base_batch_size'}),
    'randomness': _named(set_random_seed),
    'train_cfg': _named(EpochBasedTrainLoop.__init__, IterBasedTrainLoop.__init__) | {'by_epoch'},
    'val_cfg': _named(ValLoop.__init__),
    'test_cfg': _named(TestLoop.__init__),
    'optim_wrapper.clip_grad': frozenset(
        {'type', 'max_norm', 'norm_type', 'error_if_nonfinite', 'foreach', 'clip_value'}
    ),
    **{f'{split}_dataloader': _LOADER for split in ('train', 'val', 'test')},
}


def check_settings(cfg: Config) -> None:
    """Raise for keys and types below the top level that nothing reads or knows.

    Settings with a ``type`` are checked against the arguments of its class, in the scope in which
    it is built; if a class takes any argument, only for misspellings of those that it names.

    Args:
        cfg (Config): A run's configuration.

    Raises:
        ValueError: Names every wrong setting and the closest valid one.
    """
    scope = cfg.get('default_scope') or 'mmengine'
    problems = [*_plain_problems(cfg)]
    for name in BUILT:
        problems += _problems(cfg.get(name), name, scope)
    problems += _hook_problems(cfg)
    if problems:
        lines = '\n  '.join(dict.fromkeys(problems))
        raise ValueError(f'{cfg.filename or "The configuration"} has wrong settings:\n  {lines}')


def check_kinds(cfg: Config) -> None:
    """Raise if there is something else in place of settings or of a list of them.

    Args:
        cfg (Config): A run's configuration.

    Raises:
        ValueError: Names every such key.
    """
    settings = {key: cfg.get(key) for key in (*SETTINGS, *LOADERS)}
    hooks = cfg.get('default_hooks')
    if isinstance(hooks, Mapping):
        settings |= {f'default_hooks.{name}': hook for name, hook in hooks.items()}
    for name in LOADERS:
        loader = cfg.get(name)
        if isinstance(loader, Mapping) and loader.get('dataset', {}) is None:
            settings[f'{name}.dataset'] = 'nothing'
    wrong = [
        f'{key} takes settings in a dict, got {value!r}'
        for key, value in settings.items()
        if value is not None and not isinstance(value, Mapping)
    ]
    custom = cfg.get('custom_hooks')
    if custom is not None and not isinstance(custom, (list, tuple)):
        wrong.append(f'custom_hooks takes a list, got {custom!r}')
    if wrong:
        lines = '\n  '.join(wrong)
        raise ValueError(f'{cfg.filename or "The configuration"} has wrong settings:\n  {lines}')


def _plain_problems(cfg: Config) -> Iterator[str]:
    for path, known in PLAIN.items():
        settings: Any = cfg._cfg_dict
        for part in path.split('.'):
            settings = settings.get(part) if isinstance(settings, Mapping) else None
        if isinstance(settings, Mapping) and (path.count('.') or 'type' not in settings):
            yield from _unknown(settings, path, known, path)


def _hook_problems(cfg: Config) -> Iterator[str]:
    for name, hook in (cfg.get('default_hooks') or {}).items():
        if isinstance(hook, Mapping) and 'type' not in hook:
            suggestion = nearest(name, {*DEFAULT_HOOKS, *cfg.default_hooks} - {name})
            yield f'default_hooks.{name} has no type: there is no such hook{suggestion}'


def _problems(node: Any, path: str, scope: str) -> Iterator[str]:
    if isinstance(node, Mapping):
        scope = node.get('_scope_') or scope
        kind = node.get('type')
        if kind is not None:
            yield from _typed_problems(node, kind, path, scope)
        if type_name(node) in FOREIGN:
            return
        for key, value in node.items():
            if not OWN_TABLES.match(str(key)):
                yield from _problems(value, f'{path}.{key}', scope)
    elif isinstance(node, (list, tuple)):
        for number, value in enumerate(node):
            yield from _problems(value, f'{path}.{number}', scope)


def _typed_problems(node: Mapping, kind: Any, path: str, scope: str) -> Iterator[str]:
    found = kinds(kind, scope) if isinstance(kind, str) else (kind,)
    if found:
        problems = [list(_argument_problems(node, candidate, path)) for candidate in found]
        yield from min(problems, key=len)
        return
    prefix, separator, own = kind.rpartition('.')
    suggestion = nearest(own, names_in(prefix if separator else scope), prefix + separator)
    if suggestion or separator or not _in_model(path):
        yield f'{path}.type is {kind!r}, which is not registered{suggestion}'


def _argument_problems(node: Mapping, kind: Any, path: str) -> Iterator[str]:
    """Keys that a class does not take.

    A class of a host may take some settings for itself; inside models, only misspellings can be
    told from these, by the similarity of their names.
    """
    if not callable(kind):
        return
    names, is_open = parameters(kind)
    names = names | BUILDERS
    module = getattr(kind, '__module__', '') or ''
    strict = not is_open and (module.startswith('mmaddp.') or not _in_model(path))
    for key in node:
        if key in names or key in TAKEN_OUT:
            continue
        hint = nearest(key, names - BUILDERS, cutoff=0.85 if is_open else 0.8)
        if strict or hint:
            hint = hint or nearest(key, names - BUILDERS | {'type'})
            yield f'{path}.{key}: {type_name(kind)} has none{hint}'


def _in_model(path: str) -> bool:
    return path.partition('.')[0] in ('model', 'tta_model')


def _unknown(node: Mapping, path: str, known: Iterable[str], owner: str) -> Iterator[str]:
    for key in node:
        if key not in known and key not in BUILDERS:
            yield f'{path}.{key}: {owner} has none{nearest(key, set(known) - BUILDERS)}'
