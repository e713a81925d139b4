"""Optimisers of a model that is trained against a discriminator."""

from copy import deepcopy
from typing import Optional

from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from torch import nn

from mmaddp.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmaddp.utils.wrappers import unwrap

# Key of the optimiser wrapper -> attribute of the model that it updates.
PARTS = dict(generator='tokenizer', discriminator='discriminator')


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class AdversarialOptimWrapperConstructor:
    """Builds one optimiser wrapper for the tokenizer and one for the discriminator.

    Args:
        optim_wrapper_cfg (dict): With the keys ``generator`` and ``discriminator``, each the
            config of an optimiser wrapper, which may name a constructor and ``paramwise_cfg``.
        paramwise_cfg (dict, optional): Must be None; it belongs in the two configs.

    Raises:
        ValueError: If the keys are others.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: Optional[dict] = None):
        cfg = {key: value for key, value in optim_wrapper_cfg.items() if key != 'type'}
        if set(cfg) != set(PARTS) or paramwise_cfg is not None:
            given = sorted(cfg) + ['paramwise_cfg'] * (paramwise_cfg is not None)
            raise ValueError(
                'AdversarialOptimWrapperConstructor takes exactly the keys '
                f'{sorted(PARTS)}, got {given}. Settings such as clip_grad belong in both.'
            )
        self.cfg = cfg

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        """Build the wrappers for a model with ``tokenizer`` and ``discriminator``."""
        model = unwrap(model)
        wrappers = {
            key: build_optim_wrapper(getattr(model, part), deepcopy(self.cfg[key]))
            for key, part in PARTS.items()
        }
        return OptimWrapperDict(**wrappers)
