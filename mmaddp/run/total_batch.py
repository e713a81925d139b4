"""A fixed number of images per update on any number of GPUs; everything else is adapted to it.

mmengine counts iterations, that is batches, and not updates. With accumulation a
training by iteration therefore has to last longer, and its warm-up, milestones and intervals with
it; mmengine's own ``auto_scale_lr`` knows nothing of accumulation.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.dist import get_dist_info

from mmaddp.utils.config_types import type_name

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
    from there, gradients are accumulated where all GPUs together hold fewer images, and what is
    counted in iterations is changed so that the training sees as many images as configured.

    Args:
        cfg (Config): The run's configuration; it is changed in place.
        total (int): Images per update.
        auto_scale_lr (bool): Whether mmengine is to scale the learning rate too. Defaults to
            False.

    Returns:
        str: What was changed, for the log.

    Raises:
        ValueError: The configuration does not say what its learning rate is for, ``total`` is not
            a multiple of what the GPUs hold, or the training has several optimisers to accumulate.
    """
    base = (cfg.get('auto_scale_lr') or {}).get('base_batch_size')
    if not base or auto_scale_lr or cfg.auto_scale_lr.get('enable'):
        raise ValueError(
            '--total-batch takes the place of auto_scale_lr.enable, and needs '
            f'auto_scale_lr.base_batch_size in {cfg.filename}: the images for which the learning '
            'rate is right.'
        )
    per_gpu, world_size = cfg.train_dataloader.batch_size, _world_size(cfg)
    count, rest = divmod(total, per_gpu * world_size)
    if rest or not count:
        raise ValueError(
            f'--total-batch {total} is not a multiple of {per_gpu * world_size}, the images that '
            f'{world_size} processes hold with train_dataloader.batch_size={per_gpu}: change one '
            'of them.'
        )
    wrappers = list(_wrappers(cfg))
    if count > 1 and len(wrappers) > 1:
        raise ValueError(
            f'--total-batch {total} would accumulate {count} batches, which a training with '
            'several optimisers cannot do: use more GPUs or a larger train_dataloader.batch_size.'
        )
    rate, length = total / (base * accumulation(cfg)), base / (per_gpu * world_size)
    for wrapper in wrappers:
        wrapper.optimizer.lr *= rate
        wrapper.accumulative_counts = count
    _scale_iterations(cfg, length)
    _follow_updates(cfg, count)
    return (
        f'--total-batch {total}: {world_size} x {per_gpu} images, {count} batches accumulated; '
        f'learning rate x {rate:g}, numbers of iterations x {length:g}.'
    )


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
    by_iteration = type_name(cfg.train_cfg) == 'IterBasedTrainLoop' or (
        cfg.train_cfg.get('by_epoch') is False
    )
    if by_iteration:
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


def _follow_updates(cfg: Config, count: int) -> None:
    """Let averages of weights follow updates instead of iterations."""
    for hook in cfg.get('custom_hooks') or []:
        if type_name(hook) == 'EMAHook' and count > 1:
            hook['interval'] = hook.get('interval', 1) * count
