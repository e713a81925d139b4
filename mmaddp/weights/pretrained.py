"""Complete weights from a file: ``init_cfg=dict(type='Pretrained', _scope_='mmaddp', ...)``."""

from collections.abc import Sequence
from typing import Optional

from torch import nn

from mmaddp.registry import WEIGHT_INITIALIZERS
from mmaddp.weights.addresses import load_from_address
from mmaddp.weights.checkpoint import extract_state_dict, load_weights


@WEIGHT_INITIALIZERS.register_module(name='Pretrained')
class StrictPretrained:
    """Fill a module from a checkpoint; mmengine's own initialiser leaves gaps with a warning.

    It carries mmengine's name, because mmengine and the hosts recognise pretrained weights by the
    type ``Pretrained`` (they are loaded last and not overwritten); ``_scope_='mmaddp'``
    selects this class.

    Args:
        checkpoint (str): File to load.
        prefix (str, optional): Part of the checkpoint to load, such as ``'backbone.'``. Defaults
            to None, all of it.
        map_location (str): As in :func:`torch.load`. Defaults to ``'cpu'``.
        allow_missing (Sequence[str]): See :func:`mmaddp.weights.checkpoint.load_weights`.
        allow_unexpected (Sequence[str]): See :func:`mmaddp.weights.checkpoint.load_weights`.
        drop (Sequence[str]): See :func:`mmaddp.weights.checkpoint.load_weights`.
    """

    def __init__(
        self,
        checkpoint: str,
        prefix: Optional[str] = None,
        map_location: str = 'cpu',
        allow_missing: Sequence[str] = (),
        allow_unexpected: Sequence[str] = (),
        drop: Sequence[str] = (),
    ) -> None:
        self.checkpoint = checkpoint
        self.prefix = prefix
        self.map_location = map_location
        self.allow_missing = allow_missing
        self.allow_unexpected = allow_unexpected
        self.drop = drop

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into ``module``.

        Raises:
            ValueError: They do not fill it.
        """
        checkpoint = load_from_address(self.checkpoint, self.map_location)
        state_dict = extract_state_dict(checkpoint, self.checkpoint, self.prefix or '')
        load_weights(
            module,
            state_dict,
            self.checkpoint,
            self.allow_missing,
            self.allow_unexpected,
            self.drop,
        )
