"""Switches that trade memory, time and precision, for any training.

Mixed precision, activation checkpointing and moving averages; accumulation is in
``total_batch.py``.
"""

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmaddp.run.config import load_config
from mmaddp.utils.config_types import type_name

# What --amp takes besides nothing, which keeps the dtype of the configuration.
AMP = dict(
    # Its range is that of float32: there is nothing to scale.
    bf16=dict(dtype='bfloat16', loss_scale=dict(enabled=False)),
    fp16=dict(dtype='float16', loss_scale='dynamic'),
)
AS_CONFIGURED = 'as configured'


def amp_options(config: str, kind: str = AS_CONFIGURED) -> dict[str, Any]:
    """Options that turn mixed precision on, in every optimiser of a configuration.

    Args:
        config (str): Its file.
        kind (str): 'bf16', 'fp16', or 'as configured', which is PyTorch's default for the device
            where the configuration says nothing. Defaults to 'as configured'.

    Returns:
        dict: Settings by dotted name.
    """
    settings = load_config(config).get('optim_wrapper') or {}
    parts = [name for name, part in settings.items() if isinstance(part, dict)]
    several = 'optimizer' not in parts
    prefixes = [f'optim_wrapper.{name}' for name in parts] if several else ['optim_wrapper']
    changes = dict(type='AmpOptimWrapper', **AMP.get(kind, {}))
    return {f'{prefix}.{key}': value for prefix in prefixes for key, value in changes.items()}


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


def _add_hook(cfg: Config, hook: dict) -> Any:
    """Append a hook to the run's own, unless there is one of its type."""
    hooks = list(cfg.get('custom_hooks') or [])
    same = [own for own in hooks if isinstance(own, Mapping) and type_name(own) == type_name(hook)]
    if same:
        return same[0]
    cfg.custom_hooks = [*hooks, hook]
    return cfg.custom_hooks[-1]
