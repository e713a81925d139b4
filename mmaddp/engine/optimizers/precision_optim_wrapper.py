"""Training in half precision where that is faster."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmaddp.registry import OPTIM_WRAPPERS
from mmaddp.utils.precision import PRECISIONS, resolve_precision


@OPTIM_WRAPPERS.register_module()
class PrecisionOptimWrapper(OptimWrapper):
    """mmengine's wrapper of an optimizer, with forward passes in a chosen precision.

    Weights, gradients and optimizer states stay float32, so a run may be resumed in another
    precision. Unlike mmengine's ``AmpOptimWrapper`` it works on CPUs. bf16 has the range of
    float32: no loss is scaled.

    Args:
        precision (str): 'fp32', 'bf16', or 'auto': bf16 where that is faster, which depends on
            device and network (:func:`mmaddp.utils.precision.resolve_precision`). Defaults to
            'auto'.
        **kwargs: Arguments of :class:`mmengine.optim.OptimWrapper`.

    Raises:
        ValueError: There is no such precision, or it is 'fp16', which needs a scaled loss.
    """

    def __init__(self, precision: str = 'auto', **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if precision == 'fp16':
            raise ValueError("precision 'fp16' needs a scaled loss: use --amp fp16, or 'bf16'.")
        self.precision = precision
        resolve_precision(precision, nn.Identity(), 'cpu')

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Context of a forward pass of a model."""
        device_type = self.optimizer.param_groups[0]['params'][0].device.type
        if self.precision == 'auto':
            self.precision = resolve_precision(self.precision, model, device_type)
        dtype = PRECISIONS[self.precision]
        with (
            super().optim_context(model),
            torch.autocast(device_type, dtype, enabled=dtype is not None),
        ):
            yield
