"""A trained model from its config and checkpoint."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Optional, Union

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope

from mmaddp.registry import MODELS
from mmaddp.weights.addresses import load_from_address
from mmaddp.weights.checkpoint import extract_state_dict, load_weights


def build_model(
    config: Union[str, Path, Config],
    checkpoint: Optional[Union[str, Path]] = None,
    device: Optional[str] = None,
) -> BaseModel:
    """Build the model of a config and load it completely from a checkpoint.

    What may be left over or missing is what ``default_hooks.strict_load`` of the config allows.

    Args:
        config (str | Path | Config): Config or its file.
        checkpoint (str | Path, optional): Checkpoint of this very model. Defaults to None: the
            model starts as a training does, with the weights that its parts name.
        device (str, optional): Defaults to None: the GPU if there is one.

    Returns:
        BaseModel: In evaluation mode. Its config and class names are stored where
        mmpretrain's inferencers look for them.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the checkpoint does not fill the model.
    """
    config = config if isinstance(config, Config) else Config.fromfile(config)
    init_default_scope(config.get('default_scope', 'mmpretrain'))
    settings = dict(config.model)
    if config.get('data_preprocessor'):
        settings.setdefault('data_preprocessor', config.data_preprocessor)
    model = MODELS.build(settings)
    meta = {}
    if checkpoint is None:
        model.init_weights()
    else:
        content = load_from_address(str(checkpoint), 'cpu')
        allowed = dict(config.get('default_hooks', {}).get('strict_load') or {})
        allowed.pop('type', None)
        weights = extract_state_dict(content, str(checkpoint))
        load_weights(model, weights, str(checkpoint), **allowed)
        meta = content.get('meta', {})
    model._config = config
    model._dataset_meta = meta.get('dataset_meta') or {}
    return model.to(torch.device(device or get_device())).eval()


def pretrained_settings(node, where: str = 'model') -> Iterator[tuple[str, Any, Any, Any]]:
    """Find the weights that a part of the configuration loads.

    Yields:
        tuple: Dotted name of the setting, the dict or list that holds it, its key there, and
        ``dict(type='Pretrained', checkpoint=...)`` itself.
    """
    children: Iterable[tuple]
    if isinstance(node, dict):
        children = node.items()
    else:
        children = enumerate(node) if isinstance(node, list | tuple) else ()
    for key, child in children:
        name = f'{where}.{key}'
        if isinstance(child, dict) and child.get('type') == 'Pretrained' and 'checkpoint' in child:
            yield name, node, key, child
        else:
            yield from pretrained_settings(child, name)
