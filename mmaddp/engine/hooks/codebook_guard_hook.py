"""Ends the training of a tokenizer whose codebook has collapsed."""

from typing import Optional

from mmengine.hooks import Hook

from mmaddp.registry import HOOKS


@HOOKS.register_module()
class CodebookGuardHook(Hook):
    """Stop at a validation in which few codes are in use, before hours are spent.

    It reads ``tokenizer/codebook_usage`` of :class:`mmaddp.TokenizerMetric`, from a share of the
    training on, since codes find their places only after quantisation has started.

    Args:
        least_usage (float): Share of the codes that must be in use, in [0, 1]. Defaults to 0.1.
        begin (float): Share of the epochs after which it is looked at, in [0, 1]. Defaults to 0.25.

    Raises:
        ValueError: A share lies outside [0, 1].
    """

    def __init__(self, least_usage: float = 0.1, begin: float = 0.25) -> None:
        for name, value in (('least_usage', least_usage), ('begin', begin)):
            if not 0 <= value <= 1:
                raise ValueError(f'{name} must lie in [0, 1], got {value}.')
        self.least_usage = least_usage
        self.begin = begin

    def after_val_epoch(self, runner, metrics: Optional[dict] = None) -> None:
        """Look at the use of codes.

        Raises:
            ValueError: It is too low; the message says what to change.
        """
        usage = (metrics or {}).get('tokenizer/codebook_usage')
        if usage is None or runner.epoch < self.begin * runner.max_epochs:
            return
        if usage < self.least_usage:
            raise ValueError(
                f'The tokenizer uses {usage:.1%} of its codes on the validation set after '
                f'{runner.epoch} of {runner.max_epochs} epochs: its codebook has collapsed, and '
                'this training is ended here. Take fewer codes (model.tokenizer.num_codes), a '
                'lower learning rate, or a shorter model.revival_interval; or a lower least_usage '
                'of mmaddp.CodebookGuardHook.'
            )
