"""Random data and weights in place of what a dry run does not find."""

import copy
import math
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import get_world_size

from mmaddp.run.data_kinds import kind_of
from mmaddp.run.inputs import absent_truth, absent_weights, datasets, is_absent_file
from mmaddp.run.stand_in_data import COCO_FILE, StandInNeeds
from mmaddp.utils.config_types import type_name
from mmaddp.weights.model import pretrained_settings

# Training images of ImageNet-1k, for the estimate where the data are absent.
IMAGENET_IMAGES = 1281167


def use_stand_ins(cfg: Config, folder: Path, num_steps: int) -> tuple[Config, list[str]]:
    """Replace absent data and weights by random ones.

    Args:
        cfg (Config): The run's configuration; it is not changed.
        folder (Path): Where random data may be written.
        num_steps (int): Training steps that the data must suffice for.

    Returns:
        tuple: The new configuration, and one line for each thing that was replaced.

    Raises:
        ValueError: There is no random stand-in for a kind of data set.
    """
    cfg = copy.deepcopy(cfg)
    replaced = [*drop_absent_weights(cfg), *_replace_absent_data(cfg, folder, num_steps)]
    return cfg, [*replaced, *_drop_hooks_without_pictures(cfg)]


def drop_absent_weights(cfg: Config) -> list[str]:
    """Take weights that are not there out of a configuration, in place; one line for each."""
    dropped = [f'weights {file} ({name})' for name, file in absent_weights(cfg, downloads=True)]
    for _, holder, key, setting in list(pretrained_settings(cfg.get('model'))):
        if is_absent_file(setting['checkpoint'], downloads=True):
            if isinstance(holder, dict):
                holder[key] = None
            else:
                holder.remove(setting)
    if cfg.get('load_from') and is_absent_file(cfg.load_from, downloads=True):
        cfg.load_from = None
    return dropped


def _replace_absent_data(cfg: Config, folder: Path, num_steps: int) -> list[str]:
    replaced = []
    for where, dataset in datasets(cfg):
        kind = kind_of(dataset)
        absent = kind.absent(dataset)
        if not absent:
            continue
        dataloader = where.partition('.')[0]
        num_samples = num_steps * cfg[dataloader].get('batch_size', 1) * get_world_size()
        needs = StandInNeeds(folder, num_samples, _num_tokens(cfg.get('model')))
        stand_in = kind.stand_in(dataset, needs)
        dataset.clear()
        dataset.update(stand_in)
        replaced.append(f'data {", ".join(absent)} ({where})')
        # The random images are of two classes.
        cfg.setdefault('default_hooks', {}).pop('check_classes', None)
        for _, metric, _ in list(absent_truth(cfg, dataloader)):
            metric.ann_file = str(folder / 'coco' / COCO_FILE)
    return replaced


def _drop_hooks_without_pictures(cfg: Config) -> list[str]:
    """Take hooks that look at pictures out where these are absent, in place; one line for each."""
    dropped = []
    for name, hook in list((cfg.get('default_hooks') or {}).items()):
        if not hook or type_name(hook) != 'FeatureInsightHook':
            continue
        folders = [hook[key] for key in ('pictures', 'held_out') if hook.get(key)]
        absent = [str(folder) for folder in folders if not Path(folder).is_dir()]
        if absent:
            del cfg.default_hooks[name]
            dropped.append(f'pictures {", ".join(absent)} (default_hooks.{name})')
    return dropped


def _num_tokens(node) -> int:
    """Tokens of an image by ``num_tokens`` or ``grid_size`` of a model, 0 if it has neither."""
    if isinstance(node, dict):
        if 'num_tokens' in node:
            return node['num_tokens']
        if 'grid_size' in node:
            return math.prod(node['grid_size'])
        return next(filter(None, map(_num_tokens, node.values())), 0)
    return 0
