"""``load_from`` and ``resume`` that fill the whole model or stop."""

from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.runner import find_latest_checkpoint

from mmaddp.registry import HOOKS
from mmaddp.utils.wrappers import unwrap
from mmaddp.weights.checkpoint import extract_state_dict, load_weights, without


@HOOKS.register_module()
class StrictLoadHook(Hook):
    """Stop when the Runner's checkpoint does not fit the model; mmengine only warns.

    Args:
        allow_missing (Sequence[str]): See :func:`mmaddp.weights.checkpoint.load_weights`. Names of
            the whole model, as in ``[r'head\\.']`` for a new head. Defaults to none.
        allow_unexpected (Sequence[str]): See :func:`mmaddp.weights.checkpoint.load_weights`.
            Defaults to none.
        drop (Sequence[str]): See :func:`mmaddp.weights.checkpoint.load_weights`; for instance
            ``[r'head\\.fc']`` for a head of other classes. Defaults to none.
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
            ValueError: A tensor is missing, left over or of another shape, or a run is to be
                resumed from weights alone.
        """
        source = runner._load_from or find_latest_checkpoint(runner.work_dir) or 'the checkpoint'
        if runner._resume and 'meta' not in checkpoint:
            raise ValueError(
                f'{source} holds weights alone, as official and converted files do: there is no '
                'training in it to resume. Start a new one from it with load_from.'
            )
        model = unwrap(runner.model)
        weights = extract_state_dict(checkpoint, source)
        load_weights(model, weights, source, self.allow_missing, self.allow_unexpected, self.drop)
        if self.drop:  # or the Runner would load what was left out
            checkpoint['state_dict'] = without(weights, self.drop)
