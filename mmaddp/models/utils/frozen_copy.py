"""Copies of frozen networks in the type of autocast."""

import copy
from typing import TypeVar

import torch
from torch import nn

from mmaddp.utils.precision import autocast_dtype

Network = TypeVar('Network', bound=nn.Module)
# Autocast rounds what these multiply by; norms and tables of positions stay float32.
_CAST = (nn.Linear, nn.Conv2d)
_COPY = '_autocast_copy'


def in_autocast(network: Network, device_type: str) -> Network:
    """A frozen network for use under autocast, with its weights rounded once.

    Autocast keeps the rounded weights of networks that are trained, for the length of its context,
    but rounds those of frozen ones anew in every call. The copy gives the same numbers. It is kept
    with the network, but not among its modules: checkpoints do not hold it. It is made again when
    weights have changed or moved. Kernels of convolutions lie in memory as they are used, with
    the channels side by side.

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
    weights = [*network.parameters()]
    if dtype is not torch.bfloat16 or any(weight.requires_grad for weight in weights):
        return network
    state = [(weight.data_ptr(), weight._version) for weight in weights]
    made = network.__dict__.get(_COPY)
    if made is None or made[0] != state:
        made = network.__dict__[_COPY] = (state, _rounded(network, dtype))
    return made[1].train(network.training)


def _rounded(network: Network, dtype: torch.dtype) -> Network:
    network.__dict__.pop(_COPY, None)
    copied = copy.deepcopy(network)
    for module in copied.modules():
        if isinstance(module, _CAST):
            module.to(dtype)
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)
    return copied
