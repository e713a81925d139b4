"""Checksums of weights; apart from those of files, which need no torch."""

import hashlib
from collections.abc import Mapping

import torch
from torch.distributed.tensor import DTensor


def tensors_sha256(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 of named tensors: names, types, shapes and values, whatever file they came from.

    Args:
        tensors (Mapping[str, Tensor]): Dense tensors on any device, in any order.

    Returns:
        str: Hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name].detach()
        if isinstance(value, DTensor):  # of a sharded model: all processes have to take part
            value = value.full_tensor()
        value = value.cpu().contiguous()
        digest.update(f'{name} {value.dtype} {tuple(value.shape)}\n'.encode())
        digest.update(value.flatten().view(torch.uint8).numpy())
    return digest.hexdigest()
