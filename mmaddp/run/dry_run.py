"""Try a training configuration: build everything, run two steps, estimate the cost."""

import contextlib
import copy
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from mmaddp.run.inputs import datasets
from mmaddp.run.stand_ins import IMAGENET_IMAGES, use_stand_ins
from mmaddp.utils.config_types import type_name
from mmaddp.utils.wrappers import unwrap

NUM_STEPS = 2


@dataclass
class DryRunReport:
    """What a dry run found.

    Attributes:
        parameters (dict): Part of the model -> (all, trainable) parameters.
        seconds_per_step (list[float]): Time of each step, the first with start-up costs.
        memory_gib (dict[str, float]): Device -> peak.
        total_steps (int): Steps of the whole training.
        steps_source (str): What ``total_steps`` rests on.
        replaced (list[str]): Absent data and weights that were replaced by random ones.
    """

    parameters: dict[str, tuple[int, int]]
    seconds_per_step: list[float]
    memory_gib: dict[str, float]
    total_steps: int
    steps_source: str
    replaced: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = ['Dry run', '  parameters (trainable)']
        total = [sum(column) for column in zip(*self.parameters.values())]
        for name, (count, trainable) in [*self.parameters.items(), ('total', total)]:
            lines.append(f'    {name:<24}{count:>14,} ({trainable:,})')
        steps = ', '.join(f'{seconds:.3f}' for seconds in self.seconds_per_step)
        lines.append(f'  seconds per step: {steps} (the first includes start-up)')
        for device, peak in self.memory_gib.items():
            lines.append(f'  peak memory, {device}: {peak:.2f} GiB')
        hours = self.total_steps * self.seconds_per_step[-1] / 3600
        lines.append(
            f'  estimated total: {hours:,.1f} hours = {self.total_steps:,} steps '
            f'({self.steps_source}) x {self.seconds_per_step[-1]:.3f} s'
        )
        lines.append(f'  replaced by random: {"" if self.replaced else "nothing"}')
        lines += [f'    {item}' for item in self.replaced]
        return '\n'.join(lines)


class _Stop(Exception):
    """Ends the training loop of a dry run."""


class _StepTimer(Hook):
    """Time each step, data loading included, and end training after the last one."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._start = 0.0

    def before_train_epoch(self, runner) -> None:
        self._start = _now()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        end = _now()
        self.seconds.append(end - self._start)
        self._start = end
        if len(self.seconds) == NUM_STEPS:
            raise _Stop


def dry_run(cfg: Config) -> DryRunReport:
    """Build everything that a training run builds and train for two steps.

    Nothing is left behind: logs go to a folder that is removed, no checkpoint is saved.

    Args:
        cfg (Config): The run's configuration; it is not changed.

    Returns:
        DryRunReport: Convert it to text for the user.

    Raises:
        ValueError: There is no random stand-in for absent data.
    """
    with tempfile.TemporaryDirectory(prefix='mmaddp_dry_run_') as name:
        trial, replaced = use_stand_ins(_without_traces(cfg, name), Path(name), NUM_STEPS)
        runner = Runner.from_cfg(trial)
        timer = _StepTimer()
        runner.register_hook(timer)
        if trial.get('test_dataloader') is not None:
            runner.build_test_loop(trial.get('test_cfg') or {})
        with contextlib.suppress(_Stop):
            runner.train()
        steps, source = _total_steps(cfg, runner, replaced)
        return DryRunReport(
            count_parameters(runner.model), timer.seconds, _memory(), steps, source, replaced
        )


def count_parameters(model: nn.Module) -> dict[str, tuple[int, int]]:
    """Parameters of each part of a model: name -> (all, trainable)."""
    counts: dict[str, tuple[int, int]] = {}
    for name, parameter in unwrap(model).named_parameters():
        part = name.partition('.')[0]
        total, trainable = counts.get(part, (0, 0))
        size = parameter.numel()
        counts[part] = (total + size, trainable + size * parameter.requires_grad)
    return counts


def _without_traces(cfg: Config, folder: str) -> Config:
    cfg = copy.deepcopy(cfg)
    cfg.work_dir = folder
    cfg.resume = False
    cfg.setdefault('default_hooks', {})['checkpoint'] = None
    hooks = cfg.get('custom_hooks') or []
    cfg.custom_hooks = [hook for hook in hooks if type_name(hook) != 'CheckpointHook']
    return cfg


def _total_steps(cfg: Config, runner: Runner, replaced: list[str]) -> tuple[int, str]:
    absent = any(line.startswith('data ') and '(train_dataloader' in line for line in replaced)
    if not absent or 'max_epochs' not in cfg.train_cfg:
        return runner.max_iters, 'this data set'
    per_step = cfg.train_dataloader.batch_size * get_world_size()
    kinds = [type_name(dataset) for _, dataset in datasets(cfg, ('train_dataloader',))]
    steps = IMAGENET_IMAGES // per_step * runner.max_epochs
    return steps, f'{" + ".join(kinds)} is absent, counted as ImageNet-1k'


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def _memory() -> dict[str, float]:
    """Peak memory so far in GiB: of this process, without its workers, and of the GPU."""
    unit = 1 if sys.platform == 'darwin' else 1024
    peak = dict(process=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30)
    if torch.cuda.is_available():
        peak['GPU'] = torch.cuda.max_memory_allocated() / 2**30
    return peak
