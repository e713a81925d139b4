"""Ranges of settings that hosts accept with any value, only to fail later or silently."""

import math
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any, Optional

from mmengine.config import Config

# Name of a setting, anywhere -> least value, whether that itself is allowed, whole numbers only.
LIMITS = {
    'batch_size': (1, True, True),
    'num_workers': (0, True, True),
    'max_epochs': (1, True, True),
    'max_iters': (1, True, True),
    'val_interval': (1, True, True),
    'val_begin': (0, True, True),
    'accumulative_counts': (1, True, True),
    'passes': (1, True, True),
    'base_batch_size': (1, True, True),
    'max_norm': (0, False, False),
    'lr': (0, True, False),
    'weight_decay': (0, True, False),
    'patch_size': (1, True, True),
}

LOG_LEVELS = ('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL')


def check_values(cfg: Config) -> None:
    """Raise for settings whose values are out of range.

    Args:
        cfg (Config): A run's configuration.

    Raises:
        ValueError: Names each of them with its range.
    """
    problems = [*_problems(cfg._cfg_dict, ''), *_other_problems(cfg)]
    for name in ('default_hooks', 'custom_hooks'):
        problems += _interval_problems(cfg.get(name), name)
    if problems:
        lines = '\n  '.join(problems)
        raise ValueError(f'{cfg.filename or "The configuration"} has wrong values:\n  {lines}')


def _problems(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, (list, tuple)):
        node = dict(enumerate(node))
    if not isinstance(node, Mapping):
        return
    for key, value in node.items():
        here = f'{path}.{key}' if path else str(key)
        if key in LIMITS and value is not None:
            wrong = _wrong(value, *LIMITS[key])
            if wrong:
                yield f'{here} {wrong}'
        yield from _problems(value, here)
    yield from _size_problems(node, path)


def _wrong(value: Any, low: float, inclusive: bool, whole: bool) -> Optional[str]:
    """What is wrong with a number; None if nothing is, or if it is not a number."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number:
        kind = 'a whole number' if whole else 'a number'
        return f'must be {kind}, got {value!r}' if isinstance(value, str) else None
    if whole and (not math.isfinite(value) or value != int(value)):
        return f'must be a whole number, got {value}'
    if value < low or (value == low and not inclusive) or math.isnan(value):
        return f'must be {"at least" if inclusive else "more than"} {low}, got {value}'
    return None


def _size_problems(node: Mapping, path: str) -> Iterator[str]:
    """Image sizes that are not multiples of the patch size: the rest would be cut off."""
    patch = node.get('patch_size')
    if not isinstance(patch, int) or patch < 1:
        return
    for key in ('img_size', 'input_size'):
        sides = node.get(key)
        sides = sides if isinstance(sides, (list, tuple)) else (sides,)
        if any(isinstance(side, int) and side % patch for side in sides):
            yield f'{path}.{key} must be a multiple of patch_size={patch}, got {node[key]}'


def _interval_problems(node: Any, path: str) -> Iterator[str]:
    items = node.items() if isinstance(node, Mapping) else enumerate(node or ())
    for key, hook in items:
        interval = hook.get('interval') if isinstance(hook, Mapping) else None
        is_number = isinstance(interval, Real)
        if is_number and not (interval == -1 or interval >= 1):
            yield f'{path}.{key}.interval must be at least 1, or -1 for never, got {interval}'


def _other_problems(cfg: Config) -> Iterator[str]:
    if not isinstance(cfg.get('resume', False), bool):
        yield f'resume must be True or False, got {cfg.resume!r}; a file is given by --resume FILE'
    level = cfg.get('log_level', 'INFO')
    if not isinstance(level, int) and level not in LOG_LEVELS:
        yield f'log_level must be one of {", ".join(LOG_LEVELS)}, got {level!r}'
    yield from _seed_problems(cfg)


def _seed_problems(cfg: Config) -> Iterator[str]:
    seed = (cfg.get('randomness') or {}).get('seed')
    if seed is not None and (not isinstance(seed, int) or not 0 <= seed < 2**32):
        yield f'randomness.seed must be from 0 to {2**32 - 1}, got {seed!r}'
