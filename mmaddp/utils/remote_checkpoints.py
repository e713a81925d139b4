"""Checkpoints by address instead of file name, read weights-only as well.

Importing this module registers the loaders in the place of mmengine's, which unpickle what they
download.
"""

from pathlib import Path
from urllib.parse import urlparse

import torch
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import (
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)

from mmaddp.utils.checkpoint import extract_state_dict, load_from_local


def load_from_url(filename: str, map_location=None) -> dict:
    """Download a checkpoint once, into PyTorch's hub folder, and read it like a local file."""
    path = Path(torch.hub.get_dir()) / 'checkpoints' / Path(urlparse(filename).path).name
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(filename, str(path))
    return load_from_local(str(path), map_location)


def load_from_zoo(filename: str, map_location=None) -> dict:
    """Load by a name of torchvision (``torchvision://resnet50``), mmcls or OpenMMLab.

    Raises:
        ValueError: There is no model of that name.
    """
    scheme, _, name = filename.partition('://')
    if scheme in ('modelzoo', 'torchvision'):
        models = get_torchvision_models()
    elif scheme == 'mmcls':
        models = get_mmcls_models()
    else:
        models = get_external_models()
        name = get_deprecated_model_names().get(name, name)
    if '://' not in models.get(name, ''):
        raise ValueError(f'{filename} is no known address of a checkpoint; give a file or a URL.')
    checkpoint = load_from_url(models[name], map_location)
    if scheme == 'mmcls':
        return dict(state_dict=extract_state_dict(checkpoint, filename, 'backbone.'))
    return checkpoint


def refuse(filename: str, map_location=None) -> dict:
    """Refuse an address whose files mmengine would unpickle.

    Raises:
        ValueError: Always.
    """
    raise ValueError(f'{filename} cannot be read safely: copy it to a local file and name that.')


CheckpointLoader.register_scheme(['http://', 'https://'], loader=load_from_url, force=True)
CheckpointLoader.register_scheme(
    ['modelzoo://', 'torchvision://', 'mmcls://', 'open-mmlab://', 'openmmlab://'],
    loader=load_from_zoo,
    force=True,
)
CheckpointLoader.register_scheme(
    ['pavi://', r'(\S+\:)?s3://', r'(\S+\:)?petrel://'], loader=refuse, force=True
)
