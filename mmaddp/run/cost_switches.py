"""Switches that trade memory, time and precision, for any training.

Mixed precision, activation checkpointing and moving averages; accumulation is in
``total_batch.py``.
"""

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmaddp.run.config import load_config
from mmaddp.utils.config_types import type_name

ON = 'on'
# What the kinds of --amp set. The range of bf16 is that of float32: there is nothing to scale.
AMP: dict[str, dict[str, Any]] = dict(
    on={},
    bf16={'dtype': 'bfloat16', 'loss_scale': dict(enabled=False)},
    fp16={'dtype': 'float16'},
)

# Wrappers that differ from ours in nothing but precision; None is mmengine's default.
REPLACEABLE = (None, 'OptimWrapper', 'AmpOptimWrapper', 'PrecisionOptimWrapper')
OF_AMP = ('dtype', 'loss_scale', 'use_fsdp')


def amp_options(config: str, kind: str = ON) -> dict[str, Any]:
    """Options that turn mixed precision on, in every optimiser of a configuration.

    Args:
        config (str): Its file.
        kind (str): 'bf16', 'fp16', or 'on': what the configuration says, or PyTorch's default for
            the device. Defaults to 'on'.

    Returns:
        dict: Settings by dotted name.
    """
    options: dict[str, Any] = {}
    for prefix, part in _wrappers(load_config(config)).items():
        changes = dict(type='AmpOptimWrapper', **AMP[kind])
        scale = part.get('loss_scale')
        if kind == 'fp16' and _is_dict(scale) and not scale.get('enabled', True):
            changes['loss_scale'] = 'dynamic'
        options |= {f'{prefix}.{key}': value for key, value in changes.items()}
    return options


def precision_options(config: str, precision: str) -> dict[str, Any]:
    """Options that set the precision of forward passes, whatever is configured.

    Args:
        config (str): The configuration's file.
        precision (str): 'auto', 'fp32' or 'bf16'.

    Returns:
        dict: Settings by dotted name.

    Raises:
        ValueError: A wrapper of an optimizer is of a kind that cannot be replaced.
    """
    options: dict[str, Any] = {}
    for prefix, part in _wrappers(load_config(config)).items():
        kind = type_name(part)
        if kind not in REPLACEABLE:
            raise ValueError(
                f'--precision {precision} does not go with optim_wrapper.type={kind}: set '
                'precision in the configuration, if it has such a setting.'
            )
        kept = {key: value for key, value in part.items() if key not in OF_AMP}
        ours = dict(type='mmaddp.PrecisionOptimWrapper', precision=precision, _delete_=True)
        options[prefix] = kept | ours
    return options


def recompute(cfg: Config) -> None:
    """Recompute activations instead of keeping them, in every block of the model."""
    _add_hook(cfg, dict(type='mmaddp.RecomputeHook'))


def average(cfg: Config, momentum: float) -> None:
    """Keep a moving average of the weights, which is what is validated and tested.

    Args:
        cfg (Config): The run's configuration; it is changed in place.
        momentum (float): Weight of the newest weights, in (0, 1).
    """
    _add_hook(cfg, dict(type='EMAHook'))['momentum'] = momentum


def _wrappers(cfg: Config) -> dict[str, Any]:
    """Settings of the wrapper of each optimizer, by dotted name."""
    settings = cfg.get('optim_wrapper') or {}
    several = {f'optim_wrapper.{key}': part for key, part in settings.items() if _is_dict(part)}
    return {'optim_wrapper': settings} if 'optimizer' in settings else several


def _is_dict(value: Any) -> bool:
    return isinstance(value, Mapping)


def _add_hook(cfg: Config, hook: dict) -> Any:
    """Append a hook to the run's own, unless there is one of its type."""
    hooks = list(cfg.get('custom_hooks') or [])
    same = [own for own in hooks if _is_dict(own) and type_name(own) == type_name(hook)]
    if same:
        return same[0]
    cfg.custom_hooks = [*hooks, hook]
    return cfg.custom_hooks[-1]
