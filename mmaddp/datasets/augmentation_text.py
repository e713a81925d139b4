"""Pipelines in words: what a cache was made with can be read, and compared with what is asked."""

from collections.abc import Iterable, Mapping
from typing import Any

from mmaddp.utils.config_types import type_name

# No pixel depends on these.
SILENT_STEPS = ('CheckImageFile', 'PackInputs')
SILENT_KEYS = ('type', '_scope_', 'skip_broken', 'backend_args')


def augmentation_text(pipeline: Iterable[Mapping]) -> tuple[str, ...]:
    """One line for each step of a pipeline that pixels depend on.

    Args:
        pipeline (Iterable[Mapping]): Settings of transforms.

    Returns:
        tuple[str, ...]: As in ``RandomFlip(prob=0.5)``: class without its scope, arguments in
        alphabetical order. Equal lines stand for equal settings.
    """
    return tuple(_text(step) for step in pipeline if type_name(step) not in SILENT_STEPS)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        arguments = sorted((str(key), child) for key, child in value.items())
        listed = ', '.join(f'{k}={_text(v)}' for k, v in arguments if k not in SILENT_KEYS)
        return f'{type_name(value)}({listed})'
    if isinstance(value, list | tuple):
        return f'[{", ".join(map(_text, value))}]'
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return getattr(value, '__qualname__', None) or repr(value)
