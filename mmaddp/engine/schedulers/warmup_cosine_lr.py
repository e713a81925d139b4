"""Linear warm-up from zero, then half a cosine."""

import math

from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import INF, _ParamScheduler

from mmaddp.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class WarmupCosineLR(LRSchedulerMixin, _ParamScheduler):
    """The schedule of ADDP, MAGE and MAE in closed form.

    With e counted from ``begin``, warm-up W, E = ``end - begin`` and minimum m (a ratio), a group
    with the learning rate lr gets lr * e / W below W, then
    lr * (m + (1 - m) * (1 + cos(pi * (e - W) / (E - W))) / 2). mmengine's ``LinearLR`` cannot
    start at zero.

    Written in epochs and with ``convert_to_iter_based=True`` it changes at every iteration,
    e = epoch + iteration / iterations per epoch.

    Args:
        optimizer (Optimizer | BaseOptimWrapper): Its groups' rates are changed.
        warmup (float): Length of the warm-up, in epochs, or in iterations if not ``by_epoch``.
            Defaults to 0.
        eta_min_ratio (float): Minimum as a fraction of each group's own peak, in [0, 1], so that it
            scales with layer-wise rates. Defaults to 0.0.
        begin (int): First step. Defaults to 0.
        end (int): Step at which the cosine reaches its minimum; the Runner sets this to the end of
            training. Defaults to infinity.
        **kwargs: ``last_step``, ``by_epoch`` and ``verbose`` of mmengine's schedulers.

    Raises:
        ValueError: ``end`` is not given, the warm-up does not fit into the schedule, or the ratio
            is outside [0, 1].
    """

    def __init__(
        self,
        optimizer,
        warmup: float = 0,
        eta_min_ratio: float = 0.0,
        begin: int = 0,
        end: int = INF,
        **kwargs,
    ) -> None:
        if end == INF:
            raise ValueError('WarmupCosineLR needs end, the step of the minimum.')
        _check_range(warmup, begin, end, 'epochs' if kwargs.get('by_epoch', True) else 'iterations')
        if not 0 <= eta_min_ratio <= 1:
            raise ValueError(f'eta_min_ratio must be in [0, 1], got {eta_min_ratio}.')
        self.warmup = warmup
        self.eta_min_ratio = eta_min_ratio
        super().__init__(optimizer, begin=begin, end=end, **kwargs)

    @classmethod
    def build_iter_from_epoch(
        cls, *args, warmup=0, begin=0, end=INF, by_epoch=True, epoch_length=None, **kwargs
    ) -> 'WarmupCosineLR':
        """Build the schedule per iteration from numbers in epochs."""
        assert by_epoch, 'Only numbers in epochs can be converted to iterations.'
        if not epoch_length:
            raise ValueError(
                'An epoch has no iterations: the training set holds fewer samples than one batch. '
                'Make train_dataloader.batch_size smaller or set drop_last=False.'
            )
        _check_range(warmup, begin, end, 'epochs')
        return cls(  # type: ignore[misc]
            *args,
            warmup=warmup * epoch_length,
            begin=int(begin * epoch_length),
            end=end if end == INF else int(end * epoch_length),
            by_epoch=False,
            **kwargs,
        )

    def factor(self, step: float) -> float:
        """Fraction of the peak that is used ``step`` steps after ``begin``."""
        if step < self.warmup:
            return step / self.warmup
        progress = (step - self.warmup) / (self.end - self.begin - self.warmup)
        cosine = (1 + math.cos(math.pi * progress)) / 2
        return self.eta_min_ratio + (1 - self.eta_min_ratio) * cosine

    def _get_value(self) -> list[float]:
        factor = self.factor(self.last_step)
        return [base_value * factor for base_value in self.base_values]


def _check_range(warmup: float, begin: int, end: int, unit: str) -> None:
    """Refuse a warm-up that does not fit, in the unit in which it is written."""
    if not 0 <= warmup < end - begin:
        raise ValueError(
            f'The warm-up must lie within the schedule: warmup={warmup}, begin={begin}, end={end} '
            f'({unit}). Shorten it (param_scheduler.warmup) or train longer.'
        )
