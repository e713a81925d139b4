"""Checks of picture files in the pipelines of every task."""

from mmengine.config import Config

from mmaddp.datasets.nesting import innermost_settings
from mmaddp.utils.config_types import type_name

CHECK = 'mmaddp.CheckImageFile'


def check_image_files(cfg: Config, dataloaders: tuple[str, ...]) -> None:
    """Put ``mmaddp.CheckImageFile`` in front of the hosts' loader where a pipeline lacks it.

    Args:
        cfg (Config): A configuration; its pipelines are changed in place.
        dataloaders (tuple[str]): Names of its dataloaders.
    """
    for name in dataloaders:
        if cfg.get(name) is None or 'dataset' not in cfg[name]:
            continue
        for _, dataset in innermost_settings(cfg[name].dataset):
            pipeline = dataset.get('pipeline') or []
            names = [type_name(step) for step in pipeline]
            if 'LoadImageFromFile' in names and type_name(CHECK) not in names:
                place = names.index('LoadImageFromFile')
                check = dict(type=CHECK, backend_args=pipeline[place].get('backend_args'))
                dataset['pipeline'] = [*pipeline[:place], check, *pipeline[place:]]
