"""``load_from`` and ``resume`` that fill the whole model or stop."""

from collections.abc import Sequence

from mmengine.hooks import Hook

from mmaddp.compat.resume import resumed_file
from mmaddp.registry import HOOKS
from mmaddp.utils.wrappers import unwrap
from mmaddp.weights.checkpoint import extract_state_dict, load_weights, without


@HOOKS.register_module()
class StrictLoadHook(Hook):
    r"""Stop when the Runner's checkpoint does not fit the model; mmengine only warns.

    Args:
        allow_missing (Sequence[str]): See :func:`mmaddp.weights.checkpoint.load_weights`. Names of
            the whole model, as in ``[r'head\.']`` for a new head. Defaults to none.
        allow_unexpected (Sequence[str]): See :func:`mmaddp.weights.checkpoint.load_weights`.
            Defaults to none.
        drop (Sequence[str]): See :func:`mmaddp.weights.checkpoint.load_weights`; for instance
            ``[r'head\.fc']`` for a head of other classes. A resumed training takes its own
            checkpoint whole. Defaults to none.
    """

    def __init__(
        self,
        allow_missing: Sequence[str] = (),
        allow_unexpected: Sequence[str] = (),
        drop: Sequence[str] = (),
    ) -> None:
        self.allow_missing = allow_missing
        self.allow_unexpected = allow_unexpected
        self.drop = drop

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Load the weights strictly; the Runner's own load that follows changes nothing.

        Raises:
            ValueError: A tensor is missing, left over, not finite or of another shape.
        """
        resumed = resumed_file()
        source = resumed or runner._load_from or 'the checkpoint'
        drop = () if resumed else self.drop
        model = unwrap(runner.model)
        weights = extract_state_dict(checkpoint, source)
        load_weights(model, weights, source, self.allow_missing, self.allow_unexpected, drop)
        if drop:  # or the Runner would load what was left out
            checkpoint['state_dict'] = without(weights, drop)
