"""Checkpoints that a weights-only load accepts."""

import warnings
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer

from mmaddp.registry import HOOKS
from mmaddp.weights.training_state import BUFFER_KEY, is_log_buffer

_PLAIN = (type(None), bool, int, float, complex, str, bytes, torch.Tensor, torch.Size)


@HOOKS.register_module()
class PlainMessageHubHook(Hook):
    """Save everything besides the weights as plain types and tensors, and rebuild it on load.

    mmengine pickles its log buffers with their methods. A weights-only load refuses that, so
    mmengine 0.10.7 cannot resume its own checkpoints on torch 2.6 and later.
    """

    priority = 'LOWEST'

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Make everything in the dict that is about to be saved plain."""
        for key, value in checkpoint.items():
            if key != 'state_dict':
                checkpoint[key] = to_plain(value)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Rebuild the log buffers of a loaded checkpoint."""
        message_hub = checkpoint.get('message_hub')
        scalars = message_hub.get('log_scalars') if isinstance(message_hub, Mapping) else None
        if isinstance(scalars, Mapping):  # as it always is when a run is resumed
            message_hub['log_scalars'] = {key: _rebuild(value) for key, value in scalars.items()}


def to_plain(value: Any) -> Any:
    """Copy a value with log buffers, NumPy objects and subclasses of dict made plain.

    Entries of a dict that cannot be made plain are left out with a warning.

    Raises:
        TypeError: The value itself cannot be made plain.
    """
    if isinstance(value, HistoryBuffer):
        history, counts = (torch.as_tensor(array) for array in value.data)
        return {BUFFER_KEY: dict(history=history, counts=counts, max_length=value.max_length)}
    if isinstance(value, np.ndarray | np.generic):
        return to_plain(value.tolist())
    if isinstance(value, Mapping):
        return _plain_dict(value)
    if isinstance(value, list | tuple | set | frozenset):
        kind = next(k for k in (list, tuple, set, frozenset) if isinstance(value, k))
        return value if isinstance(value, torch.Size) else kind(map(to_plain, value))
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, _PLAIN):
        return value
    raise TypeError(type(value).__name__)


def _plain_dict(value: Mapping) -> dict:
    plain = {}
    for key, entry in value.items():
        try:
            plain[to_plain(key)] = to_plain(entry)
        except TypeError as error:
            warnings.warn(
                f'{key!r} is not saved in the checkpoint: a {error} cannot be loaded safely.',
                stacklevel=2,
            )
    return plain


def _rebuild(value: Any) -> Any:
    if not is_log_buffer(value):
        return value
    buffer = value[BUFFER_KEY]
    return HistoryBuffer(
        buffer['history'].cpu().numpy(), buffer['counts'].cpu().numpy(), buffer['max_length']
    )
