"""Weight decay for everything but vectors and biases, in two groups."""

from copy import deepcopy
from typing import Optional

from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn

from mmaddp.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmaddp.utils.wrappers import unwrap

from .weight_decay import spared_or_not


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class WeightDecayConstructor:
    """Exempts one-dimensional parameters and those named ``bias`` from weight decay.

    This is the rule of ADDP's and MAGE's pre-training: position tables, class token, mask token
    and token table do decay. mmengine's ``paramwise_cfg`` can express it, but makes a group for
    every parameter, which the optimiser then updates one by one; here there are two groups.
    Frozen parameters are left out.

    Args:
        optim_wrapper_cfg (dict): Config of the optimiser wrapper, with ``optimizer``.
        paramwise_cfg (dict, optional): Must be None.

    Raises:
        ValueError: There is a ``paramwise_cfg``.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: Optional[dict] = None) -> None:
        if paramwise_cfg:
            raise ValueError(
                f'WeightDecayConstructor takes no paramwise_cfg, got {paramwise_cfg}. Leave one of '
                'the two out of optim_wrapper.'
            )
        self.cfg = deepcopy(dict(optim_wrapper_cfg))
        self.cfg.setdefault('type', 'OptimWrapper')

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapper of one optimiser for all trainable parameters of ``model``."""
        cfg = deepcopy(self.cfg)
        optimizer = OPTIMIZERS.build(dict(cfg.pop('optimizer'), params=decay_groups(model)))
        return OPTIM_WRAPPERS.build(cfg, default_args=dict(optimizer=optimizer))


def decay_groups(model: nn.Module) -> list[dict]:
    """Two parameter groups: those that decay, and those that do not."""
    decayed: list[nn.Parameter] = []
    exempt: list[nn.Parameter] = []
    for _, parameter, is_exempt in spared_or_not(unwrap(model), no_decay_vectors=True):
        (exempt if is_exempt else decayed).append(parameter)
    return [dict(params=decayed), dict(params=exempt, weight_decay=0.0)]
