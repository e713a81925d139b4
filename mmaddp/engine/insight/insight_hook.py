"""Looking at a model while it is trained, without any effect on the training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from torch import Tensor

from mmaddp.datasets.seeding import kept_rng
from mmaddp.engine.insight.allowance import TimeAllowance
from mmaddp.models.selfsup import ADDP
from mmaddp.utils.images import to_uint8
from mmaddp.utils.modes import evaluation_mode
from mmaddp.utils.wrappers import unwrap


@dataclass(frozen=True)
class Findings:
    """What was seen.

    Attributes:
        figures (dict[str, float]): By name.
        sheets (dict[str, Tensor]): Pictures in [0, 1], each of shape (3, H, W), by name.
    """

    figures: Mapping[str, float] = field(default_factory=dict)
    sheets: Mapping[str, Tensor] = field(default_factory=dict)


class InsightHook(Hook):
    """Base of hooks that look at an ADDP model now and then.

    Figures and sheets go to the visualizer, whatever its back ends are, and figures to the log.
    Weights, modes and random states stay as they were, so training is the same, to the bit, with
    and without such a hook. Of a distributed run, the first process looks, and the others wait for
    its next step. Networks run in the precision of the training.

    Args:
        interval (int): Epochs, or iterations, after which it is looked. Defaults to 1.
        by_epoch (bool): Whether ``interval`` counts epochs. Defaults to True.
        max_share (float, optional): Largest share of the training's time that this may take, in
            (0, 1]: a look that would exceed it is put off by an interval. Defaults to None, no
            limit.

    Raises:
        ValueError: A number is out of range.
    """

    priority = 'LOW'

    def __init__(
        self, interval: int = 1, by_epoch: bool = True, max_share: Optional[float] = None
    ) -> None:
        if interval < 1:
            raise ValueError(f'interval must be at least 1, got {interval}.')
        self.interval = interval
        self.by_epoch = by_epoch
        self._allowance = TimeAllowance(max_share)
        self._is_put_off = False

    def look(self, model: ADDP) -> Findings:
        """Look at the model, which is in evaluation mode; on the first process only."""
        raise NotImplementedError

    def before_train(self, runner) -> None:
        """Refuse a model that is not an ADDP.

        Raises:
            ValueError: It is another one.
        """
        model = unwrap(runner.model)
        if not isinstance(model, ADDP):
            raise ValueError(
                f'{type(self).__name__} looks at an ADDP model, but the model is a '
                f'{type(model).__name__}: remove the hook.'
            )
        self._allowance.begin()

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: Optional[dict] = None
    ) -> None:
        """Look, if iterations are counted."""
        if not self.by_epoch and self.every_n_train_iters(runner, self.interval):
            self._look(runner, runner.iter + 1)

    def after_train_epoch(self, runner) -> None:
        """Look, if epochs are counted."""
        if self.by_epoch and self.every_n_epochs(runner, self.interval):
            self._look(runner, runner.iter)

    def _look(self, runner, step: int) -> None:
        if not is_main_process():
            return
        name = type(self).__name__
        if not self._allowance.permits():
            if not self._is_put_off:
                runner.logger.info(
                    f'{name} is put off for now: it may take {self._allowance.share:.1%} of the '
                    'time (max_share).'
                )
            self._is_put_off = True
            return
        self._is_put_off = False
        model = unwrap(runner.model)
        precision = runner.optim_wrapper.optim_context(model)
        with (
            self._allowance.spend(),
            evaluation_mode(model),
            kept_rng(),
            torch.no_grad(),
            precision,
        ):
            found = self.look(model)
        if found.figures:
            runner.visualizer.add_scalars(dict(found.figures), step=step)
        for title, sheet in found.sheets.items():
            runner.visualizer.add_image(title, to_uint8(sheet), step)
        figures = ', '.join(f'{key} {value:.4g}' for key, value in found.figures.items())
        runner.logger.info(f'{name}: {figures or "pictures"} ({self._allowance}).')
