"""Precision of networks: float32, half precision by autocast, or what is best on a device."""

from typing import Optional

import torch
from torch import nn

AUTO = 'auto'
PRECISIONS = dict(fp32=None, bf16=torch.bfloat16, fp16=torch.float16)
# From here on layers gained at every length tried, on a CPU with AMX; below, not at all of them.
LEAST_WIDTH = 384


def has_fast_bf16(device_type: str) -> bool:
    """Whether a kind of device multiplies bf16 faster than float32.

    GPUs from NVIDIA's Ampere on do, and CPUs with AVX-512 bf16 or AMX.

    Args:
        device_type (str): As in ``'cuda'``.
    """
    if device_type == 'cuda':
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device_type != 'cpu':
        return False
    names = ('_is_avx512_bf16_supported', '_is_amx_tile_supported')
    return any(getattr(torch.cpu, name, bool)() for name in names)


def network_width(model: nn.Module) -> int:
    """Width of the layers that hold most of a model's weights.

    Args:
        model (nn.Module): Any network.

    Returns:
        int: The smaller side, inputs or outputs, of the matrix or kernel that is in the middle if
        the weights are put in order of it. 0 for a model without any.
    """
    sides = sorted((min(p.shape[:2]), p.numel()) for p in model.parameters() if p.dim() > 1)
    half = sum(size for _, size in sides) / 2
    for side, size in sides:
        half -= size
        if half <= 0:
            return side
    return 0


def resolve_precision(name: str, model: nn.Module, device_type: str) -> str:
    """What a precision stands for: 'auto' is 'bf16' where that is faster, and 'fp32' elsewhere.

    Args:
        name (str): 'auto', 'fp32', 'bf16' or 'fp16'.
        model (nn.Module): What shall run.
        device_type (str): Where, as in ``'cuda'``.

    Raises:
        ValueError: There is no such precision.
    """
    if name in PRECISIONS:
        return name
    if name != AUTO:
        raise ValueError(f'Unknown precision {name!r}; known are {[AUTO, *sorted(PRECISIONS)]}.')
    wide = network_width(model) >= LEAST_WIDTH
    return 'bf16' if wide and has_fast_bf16(device_type) else 'fp32'


def autocast_dtype(device_type: str) -> Optional[torch.dtype]:
    """The type to which products are cast at present; None without autocast."""
    if not torch.is_autocast_enabled(device_type):
        return None
    return torch.get_autocast_dtype(device_type)
