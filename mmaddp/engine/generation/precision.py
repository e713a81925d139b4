"""Precision of inference."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mmaddp.utils.precision import PRECISIONS


@contextmanager
def inference_precision(name: str, device_type: str) -> Iterator[None]:
    """Run in one precision, with kernels that give the same bits every time.

    Args:
        name (str): 'fp32', without TF32; or 'bf16' or 'fp16', by autocast.
        device_type (str): As in ``'cuda'``.

    Raises:
        ValueError: There is no such precision.
    """
    if name not in PRECISIONS:
        raise ValueError(f'Unknown precision {name!r}; known are {sorted(PRECISIONS)}.')
    dtype = PRECISIONS[name]
    matmul = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision('highest')
    try:
        with (
            torch.backends.cudnn.flags(
                enabled=True, benchmark=False, deterministic=True, allow_tf32=False
            ),
            torch.autocast(device_type, dtype=dtype, enabled=dtype is not None),
        ):
            yield
    finally:
        torch.set_float32_matmul_precision(matmul)
