"""What is computed from weights once: copies of frozen networks in the type of autocast."""

import copy
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from mmaddp.utils.precision import autocast_dtype

Network = TypeVar('Network', bound=nn.Module)
# Autocast rounds what these multiply by; norms and tables of positions stay float32.
_CAST = (nn.Linear, nn.Conv2d)
_KEPT = '_made_from_weights'
Made = TypeVar('Made')


def made_from_weights(module: nn.Module, make: Callable[[], Made], what: object = None) -> Made:
    """What a function computes from a module's weights, kept until they change or move.

    It lies with the module, but not among its modules and parameters: checkpoints do not hold it.
    Nothing is kept of a module that is trained: fused optimizers, and hooks that exchange weights
    with their averages, change them without a trace.

    Args:
        module (nn.Module): The module.
        make (Callable): Computes it, without a gradient.
        what (object): What else it depends on; only the last is kept. Defaults to None.
    """
    if any(weight.requires_grad for weight in module.parameters()):
        module.__dict__.pop(_KEPT, None)
        return make()
    state = [what, *((weight.data_ptr(), weight._version) for weight in module.parameters())]
    kept = module.__dict__.pop(_KEPT, None)
    if kept is None or kept[0] != state:
        kept = state, make()
    module.__dict__[_KEPT] = kept
    return kept[1]


def in_autocast(network: Network, device_type: str) -> Network:
    """A frozen network for use under autocast, with its weights rounded once.

    Autocast keeps the rounded weights of networks that are trained, for the length of its context,
    but rounds those of frozen ones anew in every call. The copy gives the same numbers. Kernels of
    convolutions lie in memory as they are used, with the channels side by side.

    Args:
        network (nn.Module): The network.
        device_type (str): Where it runs, as in ``'cuda'``.

    Returns:
        nn.Module: The copy; or the network itself, where there is no autocast to bf16, a weight is
        trained, or a compiler, which rounds where it multiplies, is at work.
    """
    dtype = autocast_dtype(device_type)
    if torch.compiler.is_compiling() or network._compiled_call_impl is not None:
        return network
    if dtype is not torch.bfloat16 or any(p.requires_grad for p in network.parameters()):
        return network
    copied = made_from_weights(network, lambda: _rounded(network, dtype), dtype)
    return copied.train(network.training)


def _rounded(network: Network, dtype: torch.dtype) -> Network:
    copied = copy.deepcopy(network)
    # Who watches the network watches its copy, also who begins later.
    copied._forward_hooks = network._forward_hooks
    copied._forward_pre_hooks = network._forward_pre_hooks
    for module in copied.modules():
        if isinstance(module, _CAST):
            module.to(dtype)
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)
    return copied
