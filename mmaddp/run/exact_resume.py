"""Lets every training continue exactly where it was stopped."""

import torch
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop

from mmaddp.utils.config_types import type_name

_STOCK_LOOPS = (EpochBasedTrainLoop, IterBasedTrainLoop)
_SEEDED_SAMPLERS = ('SeededSampler', 'SeededInfiniteSampler')


def use_exact_loop(cfg: Config) -> None:
    """Replace mmengine's training loops by ours, which continue inside an epoch.

    Args:
        cfg (Config): A configuration; it is changed in place.
    """
    loop = cfg.get('train_cfg')
    if loop is None:
        return
    by_epoch, by_iteration = (f'mmaddp.{stock.__name__}' for stock in _STOCK_LOOPS)
    if 'type' not in loop and 'by_epoch' in loop:
        loop['type'] = by_epoch if loop.pop('by_epoch') else by_iteration
    elif _is_stock(loop.get('type')):
        loop['type'] = f'mmaddp.{type_name(loop)}'


def seed_samples(cfg: Config) -> None:
    """Make what is drawn for a sample depend on seed, epoch and sample alone.

    This concerns training data in the order of a seeded sampler of ours; with another sampler
    nothing changes.

    Args:
        cfg (Config): A configuration; it is changed in place.
    """
    loader = cfg.get('train_dataloader')
    if loader is None or type_name(loader.get('sampler')) not in _SEEDED_SAMPLERS:
        return
    dataset = loader.get('dataset')
    if dataset is not None and type_name(dataset) != 'SeededDataset':
        loader['dataset'] = ConfigDict(type='mmaddp.SeededDataset', dataset=dataset)


def use_ordered_sums() -> None:
    """On a CPU, let every operator add in the same order in every run with as many threads.

    Only indexing with repeated indices in a backward pass does not do so by itself; the ordered
    form costs nothing. On a GPU ``randomness.deterministic`` decides, because some operators have
    no such form there.
    """
    if get_device() == 'cpu':
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False


def _is_stock(kind: object) -> bool:
    """Whether a type is one of mmengine's loops: the class, or its name, perhaps with a scope."""
    if isinstance(kind, str):
        names = {stock.__name__ for stock in _STOCK_LOOPS}
        return type_name(kind) in names and not kind.startswith('mmaddp.')
    return kind in _STOCK_LOOPS
