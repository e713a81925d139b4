"""Carries out the flags of tools/train.py."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmaddp.run.config import DATALOADERS, read_config, require
from mmaddp.run.cost_switches import amp_options, average, precision_options, recompute
from mmaddp.run.exact_resume import use_ordered_sums
from mmaddp.run.inputs import check_inputs
from mmaddp.run.keep_batch import keep_batch
from mmaddp.run.schedule_hook import ScheduleHook
from mmaddp.run.total_batch import check_batch_settings, set_total_batch
from mmaddp.utils.heap import keep_freed_memory
from mmaddp.weights.latest import newest_checkpoint

AUTO = 'auto'


@dataclass(frozen=True)
class TrainFlags:
    """Flags of a training.

    Attributes:
        resume (str, optional): Checkpoint to resume from; 'auto' for the latest in the work folder,
            if there is one. Defaults to None: a new training.
        amp (str, optional): Use mixed precision, 'bf16', 'fp16' or 'on'. Defaults to
            None: what the configuration says.
        precision (str, optional): Precision of forward passes, 'auto', 'fp32' or 'bf16'. Defaults
            to None: what the configuration says.
        with_cp (bool): Recompute activations in the backward pass. Defaults to False.
        ema (float, optional): Keep a moving average of the weights with this momentum. Defaults to
            None: none but those of the configuration.
        no_validate (bool): Skip validation. Defaults to False.
        auto_scale_lr (bool): Scale the learning rate to the batch. Defaults to False.
        total_batch (int, optional): Images per update, over all GPUs and accumulated batches.
            Defaults to None: as configured.
        keep_batch (bool): Take the images per update of the checkpoint that is resumed, on any
            number of processes. Defaults to False.
        seed (int, optional): Seed of the run. Defaults to None: as configured.
        no_pin_memory (bool): Do not pin memory. Defaults to False.
        no_persistent_workers (bool): Start workers anew at each epoch. Defaults to False.
    """

    resume: Optional[str] = None
    amp: Optional[str] = None
    precision: Optional[str] = None
    with_cp: bool = False
    ema: Optional[float] = None
    no_validate: bool = False
    auto_scale_lr: bool = False
    total_batch: Optional[int] = None
    keep_batch: bool = False
    seed: Optional[int] = None
    no_pin_memory: bool = False
    no_persistent_workers: bool = False


def training_config(flags: TrainFlags, **arguments: Any) -> tuple[Config, list[str]]:
    """Read the configuration of a training.

    Args:
        flags (TrainFlags): What the flags say.
        **arguments: Those of :func:`mmaddp.run.config.read_config`.

    Returns:
        tuple: The configuration, and notes for the log on what the flags did.

    Raises:
        ValueError: A flag does not fit the configuration.
    """
    options = dict(arguments.pop('cfg_options', None) or {})
    if flags.amp:
        options |= amp_options(arguments['config'], flags.amp)
    if flags.precision:
        options = precision_options(arguments['config'], flags.precision) | options
    cfg = read_config(cfg_options=options, **arguments)
    require(cfg, 'model', 'train_dataloader', 'train_cfg', 'optim_wrapper')
    notes = []
    if flags.with_cp:
        recompute(cfg)
    if flags.ema is not None:
        average(cfg, flags.ema)
    if flags.resume is not None:
        notes.append(set_resume(cfg, flags.resume))
    if flags.total_batch is not None:
        notes.append(set_total_batch(cfg, flags.total_batch, flags.auto_scale_lr))
    if flags.keep_batch:
        notes.append(keep_batch(cfg))
    apply_flags(cfg, flags)
    check_batch_settings(cfg)
    return cfg, notes


def train(cfg: Config, notes: list[str]) -> None:
    """Check what a training needs, build it and train.

    Args:
        cfg (Config): From :func:`training_config`.
        notes (list[str]): Lines for the log.
    """
    check_inputs(cfg, ('train_dataloader', 'val_dataloader'))
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    for note in notes:
        runner.logger.info(note)
    if runner._resume:
        runner.register_hook(ScheduleHook())
    use_ordered_sums()
    keep_freed_memory()
    runner.train()


def set_resume(cfg: Config, resume: str) -> str:
    """Resume from a checkpoint; a first start, which has none, keeps ``load_from``.

    Returns:
        str: What was done, for the log.
    """
    if resume != AUTO:
        cfg.resume, cfg.load_from = True, resume
        return f'--resume: this run continues from {resume}.'
    if newest_checkpoint(cfg.work_dir) is not None:
        cfg.resume, cfg.load_from = True, None
        return f'--resume: this run continues from the latest checkpoint in {cfg.work_dir}.'
    cfg.resume = False
    source = f'with the weights of load_from, {cfg.load_from}' if cfg.get('load_from') else 'anew'
    return (
        f'--resume: {cfg.work_dir} holds no checkpoint, so this is the first start; training '
        f'begins {source}.'
    )


def how_to_go_on(work_dir: Optional[str], config: str) -> str:
    """What Ctrl-C leaves behind, and the option to continue."""
    folder = work_dir or str(Path('work_dirs') / Path(config).stem)
    latest = newest_checkpoint(folder)
    if latest is None:
        return f'There is no checkpoint in {folder} yet.'
    return f'The last checkpoint is {latest}; the same command with --resume continues from it.'


def apply_flags(cfg: Config, flags: TrainFlags) -> None:
    """Write the other flags into the configuration."""
    if flags.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if flags.seed is not None:
        cfg.randomness = {**(cfg.get('randomness') or {}), 'seed': flags.seed}
    if flags.auto_scale_lr:
        if not cfg.get('auto_scale_lr'):
            raise ValueError(
                f'--auto-scale-lr needs auto_scale_lr in {cfg.filename or "the configuration"}.'
            )
        cfg.auto_scale_lr.enable = True
    for name in DATALOADERS:
        if cfg.get(name) is None:
            continue
        if flags.no_pin_memory:
            cfg[name].pin_memory = False
        if flags.no_persistent_workers:
            cfg[name].persistent_workers = False
