"""Learning rates of a training, by its own optimizer and schedulers, without training."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, init_default_scope
from mmengine.runner import Runner
from torch import nn

from mmaddp.registry import MODELS
from mmaddp.run.analysis.figures import png_figure
from mmaddp.run.benchmark.models import quiet_log
from mmaddp.run.config import require
from mmaddp.run.data_kinds import kind_of
from mmaddp.run.inputs import datasets

# Steps of an epoch where their number changes nothing but how smooth a curve is.
SOME_STEPS = 20
# Numbers of a curve that are kept, about.
KEPT = 2000
# Groups with a rate of their own that are followed: the highest, the lowest, and one between.
MOST_GROUPS = 3


class Curve(NamedTuple):
    """How a learning rate changes.

    Attributes:
        name (str): Of the optimizer, where there are several, and of the group of parameters.
        steps (list[float]): Epochs, or iterations.
        rates (list[float]): Learning rate that the step is made with.
    """

    name: str
    steps: list[float]
    rates: list[float]


class Schedule(NamedTuple):
    """What a training's learning rates do.

    Attributes:
        unit (str): 'epoch' or 'iteration'.
        curves (list[Curve]): The curves.
    """

    unit: str
    curves: list[Curve]


def learning_rates(cfg: Config, steps_per_epoch: Optional[int] = None) -> Schedule:
    """Follow the learning rates of a training.

    Args:
        cfg (Config): From :func:`mmaddp.run.config.read_config`.
        steps_per_epoch (int, optional): Iterations of an epoch. Defaults to None: those of the
            training data if they are there and the schedule depends on them; otherwise some number.

    Raises:
        ValueError: The config trains nothing, or its schedule counts iterations of epochs whose
            length is not known.
    """
    require(cfg, 'model', 'train_dataloader', 'train_cfg', 'optim_wrapper')
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    by_epoch = 'max_epochs' in cfg.train_cfg
    length = _length(cfg, by_epoch, steps_per_epoch)
    ends = (
        (cfg.train_cfg.max_epochs, cfg.train_cfg.max_epochs * length)
        if by_epoch
        else (None, cfg.train_cfg.max_iters)
    )
    curves = []
    for name, rates, settings in _optimizers(cfg):
        curves += _follow(name, rates, settings, length, ends)
    return Schedule('epoch' if by_epoch else 'iteration', curves)


def draw_schedule(schedule: Schedule, file: Path) -> None:
    """Draw learning rates into a PNG file."""
    with png_figure(file) as (axis,):
        for curve in schedule.curves:
            axis.plot(curve.steps, curve.rates, lw=1.5, label=curve.name)
        axis.set_xlabel(schedule.unit)
        axis.set_ylabel('learning rate')
        axis.ticklabel_format(axis='y', style='sci', scilimits=(0, 0))
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, frameon=False)


def summary(schedule: Schedule) -> list[str]:
    """One line for each curve: start, peak, end."""
    lines = []
    for curve in schedule.curves:
        peak = max(curve.rates)
        at = curve.steps[curve.rates.index(peak)]
        lines.append(
            f'{curve.name}: {curve.rates[0]:.3g} at the start, {peak:.3g} at {schedule.unit} '
            f'{at:g}, {curve.rates[-1]:.3g} at the end ({schedule.unit} {curve.steps[-1]:g})'
        )
    return lines


def _length(cfg: Config, by_epoch: bool, given: Optional[int]) -> int:
    """Iterations of an epoch, where they matter."""
    settings: Any = cfg.get('param_scheduler') or []
    parts = settings.values() if _is_per_optimizer(settings) else [settings]
    each = [one for part in parts for one in _listed(part)]
    if given or not by_epoch or all(one.get('by_epoch', True) for one in each):
        return given or SOME_STEPS
    absent = [p for _, d in datasets(cfg, ('train_dataloader',)) for p in kind_of(d).absent(d)]
    if absent:
        raise ValueError(
            f'{cfg.filename} counts iterations of epochs, whose number depends on data that are '
            f'not there ({absent[0]}): give it with --steps-per-epoch.'
        )
    return len(Runner.build_dataloader(cfg.train_dataloader))


def _is_per_optimizer(settings: Any) -> bool:
    return isinstance(settings, dict) and 'type' not in settings


def _listed(settings: Any) -> list[dict]:
    return settings if isinstance(settings, list) else [settings]


def _optimizers(cfg: Config) -> Iterator[tuple[str, list[float], list[dict]]]:
    """Name, different rates of its parameters, and schedulers of every optimizer."""
    with quiet_log():
        wrapper = build_optim_wrapper(MODELS.build(cfg.model), cfg.optim_wrapper)
    parts = dict(wrapper.items()) if isinstance(wrapper, OptimWrapperDict) else {'': wrapper}
    settings: Any = cfg.get('param_scheduler') or []
    scale = _scale(cfg)
    for name, part in parts.items():
        rates = sorted({group['lr'] * scale for group in part.optimizer.param_groups})
        yield name, rates, _listed(settings[name] if _is_per_optimizer(settings) else settings)


def _scale(cfg: Config) -> float:
    """Factor by which the Runner scales rates to the batch, of one process."""
    scaling: Any = cfg.get('auto_scale_lr') or {}
    if not scaling.get('enable'):
        return 1.0
    return cfg.train_dataloader.batch_size / scaling.base_batch_size


def _follow(
    name: str, rates: Sequence[float], settings: list, length: int, ends: tuple
) -> list[Curve]:
    """Step the schedulers of one optimizer through a training."""
    chosen = (
        list(rates) if len(rates) <= MOST_GROUPS else [rates[0], rates[len(rates) // 2], rates[-1]]
    )
    chosen = chosen[::-1]
    groups = [dict(params=[nn.Parameter(torch.zeros(1))], lr=rate) for rate in chosen]
    optimizer = torch.optim.SGD(groups, lr=0.0)
    schedulers = [_build(one, optimizer, length, ends) for one in settings]
    optimizer.step()  # as before every step of a schedule
    total, by_epoch = ends[1], ends[0] is not None
    every = max(1, total // KEPT)
    steps: list[float] = []
    kept: list[list[float]] = [[] for _ in chosen]
    for iteration in range(total):
        if iteration % every == 0 or iteration == total - 1:
            steps.append(iteration / length if by_epoch else iteration)
            for group, values in zip(optimizer.param_groups, kept):
                values.append(group['lr'])
        for scheduler in schedulers:
            ends_epoch = by_epoch and (iteration + 1) % length == 0
            if not scheduler.by_epoch or ends_epoch:
                scheduler.step()
    labels = _labels(name, chosen, len(rates))
    return [Curve(label, steps, values) for label, values in zip(labels, kept)]


def _build(settings: dict, optimizer: torch.optim.Optimizer, length: int, ends: tuple):
    """A scheduler, with what the Runner adds to its settings."""
    settings = dict(settings)
    end = ends[0] if settings.get('by_epoch', True) else ends[1]
    if end is not None:
        settings.setdefault('end', end)
    defaults = dict(optimizer=optimizer, epoch_length=length)
    return PARAM_SCHEDULERS.build(settings, default_args=defaults)


def _labels(name: str, rates: Sequence[float], number: int) -> list[str]:
    front = f'{name}, ' if name else ''
    if number == 1:
        return [name or 'all parameters']
    words = ['highest', *['middle'] * (len(rates) > 2), 'lowest']
    return [f'{front}{word} of {number} rates' for word in words]
