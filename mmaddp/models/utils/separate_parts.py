"""Distributed training of parts with an optimizer each, whose weights are called as ever."""

from collections.abc import MutableMapping

from mmengine.model import MMSeparateDistributedDataParallel, is_model_wrapper
from torch import nn

from mmaddp.registry import MODEL_WRAPPERS

INNER = 'module.'


@MODEL_WRAPPERS.register_module()
class SeparateDistributedDataParallel(MMSeparateDistributedDataParallel):
    """mmengine's wrapper of every part of a model, without a trace in the names of the weights.

    mmengine's own adds ``module.`` to the names of each part that it wraps, so that a checkpoint of
    several processes fits neither one process nor a model that loads the part.

    Takes mmengine's arguments.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for part in filter(is_model_wrapper, self.module.children()):
            part.register_state_dict_post_hook(_leave_out)
            part.register_load_state_dict_pre_hook(_put_in)


def _leave_out(part: nn.Module, state: MutableMapping, prefix: str, metadata: object) -> None:
    """Give the weights of a part that were just added the names that they have without it."""
    inner = prefix + INNER
    for key in [key for key in state if key.startswith(inner)]:
        state[prefix + key.removeprefix(inner)] = state.pop(key)


def _put_in(part: nn.Module, state: MutableMapping, prefix: str, *args: object) -> None:
    """Find the weights of a part under either name."""
    inner = prefix + INNER
    for key in [key for key in state if key.startswith(prefix) and not key.startswith(inner)]:
        state[inner + key.removeprefix(prefix)] = state.pop(key)
