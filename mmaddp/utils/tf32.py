"""TensorFloat-32: float32 products with a ten-bit mantissa on recent GPUs."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Allow or forbid it in matrix products and convolutions, and restore the old settings after.

    PyTorch allows it in convolutions by default. A float32 tokenizer then picks different codes
    where two are almost equally near.

    Args:
        allowed (bool): Whether products may be rounded so.
    """
    matmul, convolution = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision('high' if allowed else 'highest')
    torch.backends.cudnn.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(matmul)
        torch.backends.cudnn.allow_tf32 = convolution
