"""A fixed number of images per update on any number of GPUs; everything else is adapted to it.

An iteration is an update: where the GPUs hold fewer images together, each takes its part in
several passes (:mod:`mmaddp.engine.passes`). mmengine's accumulation counts batches instead, so
that warm-up, milestones and intervals would depend on the number of GPUs, and its
``auto_scale_lr`` knows nothing of accumulation.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.dist import get_dist_info

from mmaddp.utils.config_types import type_name

# Loops that take a batch in several passes.
LOOPS = ('mmaddp.EpochBasedTrainLoop', 'mmaddp.IterBasedTrainLoop')
# Numbers of iterations of a schedule that changes by iteration.
SCHEDULE_KEYS = (
    *('begin', 'end', 'T_max', 'total_iters', 'milestones', 'step_size', 'warmup'),
    *('periods', 'restarts'),
)
LOOP_KEYS = ('max_iters', 'val_interval', 'val_begin')


def check_batch_settings(cfg: Config) -> None:
    """Refuse accumulation together with a learning rate that is scaled without it.

    Raises:
        ValueError: Both are set.
    """
    scaling = cfg.get('auto_scale_lr') or {}
    if scaling.get('enable') and accumulation(cfg) > 1:
        raise ValueError(
            'auto_scale_lr and optim_wrapper.accumulative_counts cannot be combined: mmengine '
            'scales by the batches of all GPUs alone, and counts iterations instead of updates. '
            'Use tools/train.py --total-batch N, which sets both.'
        )


def accumulation(cfg: Config) -> int:
    """Most batches that any optimiser of a configuration accumulates for an update."""
    return max((wrapper.get('accumulative_counts', 1) for wrapper in _wrappers(cfg)), default=1)


def set_total_batch(cfg: Config, total: int, auto_scale_lr: bool = False) -> str:
    """Make every update one of ``total`` images, and keep what depends on it in proportion.

    The configuration says for how many images its learning rate is right:
    ``auto_scale_lr.base_batch_size``, times ``accumulative_counts``. The rate is scaled linearly
    from there, an iteration becomes an update of ``total`` images, which each process takes in
    several passes where it holds fewer, and what is counted in iterations is changed so that the
    training sees as many images as configured.

    Args:
        cfg (Config): The run's configuration; it is changed in place.
        total (int): Images per update.
        auto_scale_lr (bool): Whether mmengine is to scale the learning rate too. Defaults to
            False.

    Returns:
        str: What was changed, for the log.

    Raises:
        ValueError: The configuration does not say what its learning rate is for, or ``total``
            cannot be divided among the processes.
    """
    base = (cfg.get('auto_scale_lr') or {}).get('base_batch_size')
    if not base or auto_scale_lr or cfg.auto_scale_lr.get('enable'):
        raise ValueError(
            '--total-batch takes the place of auto_scale_lr.enable, and needs '
            f'auto_scale_lr.base_batch_size in {cfg.filename}: the images for which the learning '
            'rate is right.'
        )
    rate, length = total / (base * accumulation(cfg)), base / total
    divided = divide_batch(cfg, total, f'--total-batch {total}')
    for wrapper in _wrappers(cfg):
        wrapper.optimizer.lr *= rate
        wrapper.accumulative_counts = 1
    _scale_iterations(cfg, length)
    return (
        f'--total-batch {total}: {divided}; learning rate x {rate:g}, numbers of iterations x '
        f'{length:g}.'
    )


def divide_batch(cfg: Config, total: int, option: str) -> str:
    """Divide the images of an iteration among the processes, and each part into passes.

    ``train_dataloader.batch_size`` is the most that a process holds at a time.

    Args:
        cfg (Config): The run's configuration; it is changed in place.
        total (int): Images of all processes together.
        option (str): What asks for it, for messages.

    Returns:
        str: How they are divided.

    Raises:
        ValueError: They cannot be divided, or not into passes.
    """
    largest, world_size = cfg.train_dataloader.batch_size, _world_size(cfg)
    images, rest = divmod(total, world_size)
    if rest:
        raise ValueError(
            f'{option}: {total} images cannot be divided among {world_size} processes. Use a '
            f'number of them that divides {total}.'
        )
    passes = next(n for n in range(1, images + 1) if images % n == 0 and images // n <= largest)
    cfg.train_dataloader.batch_size = images
    if passes > 1:
        _check_passes(cfg, f'{option} would take {images} images in {passes} passes')
        cfg.train_cfg.passes = passes
    return f'{world_size} processes x {passes} passes x {images // passes} images'


def _check_passes(cfg: Config, text: str) -> None:
    """Refuse several passes where they are impossible."""
    way_out = 'use more processes or a larger train_dataloader.batch_size.'
    if len(list(_wrappers(cfg))) > 1:
        raise ValueError(f'{text}, which a training with several optimisers cannot do: {way_out}')
    if cfg.train_cfg.get('type') not in LOOPS:
        raise ValueError(f'{text}, which {cfg.train_cfg.get("type")} cannot do: {way_out}')


def _wrappers(cfg: Config) -> Iterator[Any]:
    """Settings of every optimiser wrapper."""
    settings = cfg.get('optim_wrapper') or {}
    if 'optimizer' in settings:
        yield settings
        return
    for part in settings.values():
        if isinstance(part, Mapping) and 'optimizer' in part:
            yield part


def _world_size(cfg: Config) -> int:
    """Processes of the run, even before its process group is created."""
    if cfg.get('launcher', 'none') == 'none':
        return 1
    variables = dict(pytorch='WORLD_SIZE', slurm='SLURM_NTASKS', mpi='OMPI_COMM_WORLD_SIZE')
    return max(get_dist_info()[1], int(os.environ.get(variables[cfg.launcher], 1)))


def _scale_iterations(cfg: Config, factor: float) -> None:
    """Change every number of iterations so that the number of images stays the same."""
    if factor == 1:
        return
    if type_name(cfg.train_cfg) == 'IterBasedTrainLoop':
        _scale(cfg.train_cfg, LOOP_KEYS, factor)
    schedulers = cfg.get('param_scheduler') or []
    for scheduler in schedulers if isinstance(schedulers, list) else [schedulers]:
        if scheduler.get('by_epoch') is False:
            _scale(scheduler, SCHEDULE_KEYS, factor)
    hooks = [*(cfg.get('default_hooks') or {}).values(), *(cfg.get('custom_hooks') or [])]
    for hook in hooks:
        if isinstance(hook, Mapping) and (hook.get('by_epoch') is False or _logs(hook)):
            _scale(hook, ('interval',), factor)


def _logs(hook: Mapping) -> bool:
    """Whether a hook's interval counts iterations without saying so."""
    return type_name(hook) == 'LoggerHook'


def _scale(node: Any, keys: tuple[str, ...], factor: float) -> None:
    for key in keys:
        value = node.get(key)
        if isinstance(value, (list, tuple)):
            node[key] = [_scaled(number, factor) for number in value]
        elif isinstance(value, (int, float)) and 0 < value < float('inf'):
            node[key] = _scaled(value, factor)


def _scaled(number: float, factor: float) -> int:
    return max(1, round(number * factor)) if number else 0
