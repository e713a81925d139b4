"""mmengine's ``Pretrained``, which leaves gaps with a warning, replaced by one that raises."""

from collections.abc import Sequence
from typing import Optional

from mmengine.registry import WEIGHT_INITIALIZERS

from mmaddp.weights.pretrained import StrictPretrained


class HostPretrained(StrictPretrained):
    """mmaddp's initialiser for configurations of a host, which do not name a scope.

    Tensors may be left over, such as the classifier of a ResNet where only its backbone is needed;
    they are logged. The counters of batch norms, which old files lack, may be missing.

    Args:
        checkpoint (str): File to load.
        prefix (str, optional): See :class:`StrictPretrained`. Defaults to None.
        map_location (str): As in :func:`torch.load`. Defaults to ``'cpu'``.
        allow_missing (Sequence[str]): See :func:`mmaddp.weights.checkpoint.load_weights`.
            Defaults to none.
        drop (Sequence[str]): See :func:`mmaddp.weights.checkpoint.load_weights`. Defaults to none.
    """

    def __init__(
        self,
        checkpoint: str,
        prefix: Optional[str] = None,
        map_location: str = 'cpu',
        allow_missing: Sequence[str] = (),
        drop: Sequence[str] = (),
    ) -> None:
        counters = r'(.+\.)?num_batches_tracked$'
        anything = ''
        super().__init__(
            checkpoint, prefix, map_location, [*allow_missing, counters], [anything], drop
        )


def install() -> None:
    """Register :class:`HostPretrained` in the place of mmengine's initialiser."""
    WEIGHT_INITIALIZERS.register_module(name='Pretrained', force=True, module=HostPretrained)
