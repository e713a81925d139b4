"""Turns a configuration and the flags of tools/generate.py into a run that generates."""

from pathlib import Path
from typing import Any, Optional

from mmengine.config import Config
from mmengine.runner import Runner

from mmaddp.engine.generation.manifest import recorded_batch_size
from mmaddp.models.task_modules import SCHEDULES
from mmaddp.run.config import read_config, require
from mmaddp.utils.config_types import type_name
from mmaddp.utils.heap import keep_freed_memory

TRAINING_KEYS = (
    *('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr'),
    *('val_dataloader', 'val_cfg', 'val_evaluator', 'custom_hooks'),
)
BLOCK = 64


def set_sampler(cfg: Config, settings: dict[str, Any]) -> None:
    """Override settings of the generation process.

    Args:
        cfg (Config): The run's configuration, changed in place.
        settings (dict): Arguments of the sampler; None for those that stay.

    Raises:
        ValueError: The command line names a schedule that is not one of ours.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    schedule = given.get('schedule')
    if schedule is not None and schedule not in SCHEDULES:
        raise ValueError(
            f'Unknown mask schedule {schedule!r}; known are {sorted(SCHEDULES)}. A function of '
            'your own is set in a configuration file, as model.sampler.schedule.'
        )
    if given:
        if cfg.model.get('sampler') is None:
            cfg.model.sampler = dict(type='mmaddp.AlternatingSampler')
        cfg.model.sampler.update(given)


def generation_config(
    checkpoint: str,
    out: Path,
    dataset: dict[str, Any],
    sampler: dict[str, Any],
    loop: dict[str, Any],
    batch_size: Optional[int] = None,
    **arguments: Any,
) -> Config:
    """Reduce a configuration to its test loop, with other settings.

    Args:
        checkpoint (str): Weights, a file or an address.
        out (Path): Folder of the images.
        dataset (dict): Arguments of ``GenerationSeeds``: seed, and which images.
        sampler (dict): Arguments of the sampler, None for those that stay.
        loop (dict): Arguments of the generation loop, None for those that stay.
        batch_size (int, optional): Images per block. Defaults to None: that of the
            run which the folder holds; in a new folder 64, or all if fewer.
        **arguments: Those of :func:`mmaddp.run.config.read_config`.

    Raises:
        ValueError: The configuration has no generation in its test loop.
    """
    arguments['work_dir'] = arguments.get('work_dir') or str(out / 'log')
    cfg = read_config(**arguments)
    require(cfg, 'model')
    if type_name(cfg.get('test_cfg')) != 'GenerationLoop':
        raise ValueError(
            f'{cfg.filename} has no generation in its test loop: inherit '
            'mmaddp::_base_/generation/images_from_seeds.py and give the model a sampler.'
        )
    for key in TRAINING_KEYS:
        cfg.pop(key, None)
    set_sampler(cfg, sampler)
    number = len(dataset.get('indices') or ()) or dataset['num_images']
    default = recorded_batch_size(out) or max(1, min(BLOCK, number))
    cfg.test_dataloader.batch_size = batch_size or default
    cfg.test_dataloader.dataset = dict(type=cfg.test_dataloader.dataset.type, **dataset)
    loop = dict(loop, out_dir=str(out))
    cfg.test_cfg.update({name: value for name, value in loop.items() if value is not None})
    cfg.load_from, cfg.resume = checkpoint, False
    return cfg


def generate_images(cfg: Config) -> None:
    """Run the generation of a configuration."""
    keep_freed_memory()
    Runner.from_cfg(cfg).test()
