"""Checks of picture files and label maps in the pipelines of every task."""

from mmengine.config import Config

from mmaddp.datasets.nesting import innermost_settings
from mmaddp.utils.config_types import type_name

# What reads a file -> the check that belongs in front of it.
CHECKS = dict(
    LoadImageFromFile='mmaddp.CheckImageFile',
    LoadAnnotations='mmaddp.CheckLabelMap',
)


def require_file_checks(cfg: Config, dataloaders: tuple[str, ...]) -> None:
    """Put our checks in front of the hosts' loaders where a pipeline lacks them.

    Args:
        cfg (Config): A configuration; its pipelines are changed in place.
        dataloaders (tuple[str]): Names of its dataloaders.
    """
    for name in dataloaders:
        if cfg.get(name) is None or 'dataset' not in cfg[name]:
            continue
        for _, dataset in innermost_settings(cfg[name].dataset):
            for loader, check in CHECKS.items():
                if dataset.get('pipeline') and _belongs(check, dataset):
                    dataset['pipeline'] = _with_check(dataset['pipeline'], loader, check)


def _belongs(check: str, dataset: dict) -> bool:
    prefix = dataset.get('data_prefix')
    return 'LabelMap' not in check or (isinstance(prefix, dict) and 'seg_map_path' in prefix)


def _with_check(pipeline: list, loader: str, check: str) -> list:
    names = [type_name(step) for step in pipeline]
    if loader not in names or type_name(check) in names:
        return pipeline
    place = names.index(loader)
    settings = dict(type=check, backend_args=pipeline[place].get('backend_args'))
    return [*pipeline[:place], settings, *pipeline[place:]]
