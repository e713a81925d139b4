"""Activation checkpointing for any model."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from mmengine.hooks import Hook
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from mmaddp.registry import HOOKS
from mmaddp.utils.blocks import repeated_blocks
from mmaddp.utils.wrappers import unwrap


@HOOKS.register_module()
class RecomputeHook(Hook):
    """Recompute the blocks of a network in the backward pass instead of keeping activations.

    Takes less memory and more time; losses and gradients are the same to the bit, dropout
    included. The blocks are those of :func:`mmaddp.utils.blocks.repeated_blocks`; those with batch
    norm, whose running averages would be updated twice, are left alone. mmengine's
    ``activation_checkpointing`` wants the name of every block, and passes positional arguments
    only.
    """

    def before_train(self, runner) -> None:
        """Wrap the blocks.

        Raises:
            ValueError: There is none.
        """
        model = unwrap(runner.model)
        blocks = [block for block in repeated_blocks(model).values() if not _has_batch_norm(block)]
        if not blocks:
            raise ValueError(
                f'RecomputeHook finds no repeated blocks to recompute in {type(model).__name__}: '
                'leave --with-cp out.'
            )
        for block in blocks:
            if 'forward' not in vars(block):
                block.forward = partial(_recomputed, block.forward)  # type: ignore[method-assign]
        runner.logger.info(f'Activations of {len(blocks)} blocks are recomputed.')


def _recomputed(forward: Callable, *args: Any, **kwargs: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*args, **kwargs)
    return checkpoint(forward, *args, use_reentrant=False, **kwargs)


def _has_batch_norm(block: nn.Module) -> bool:
    return any(isinstance(part, _BatchNorm) for part in block.modules())
