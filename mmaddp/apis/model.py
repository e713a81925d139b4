"""A trained model from its config and checkpoint."""

from pathlib import Path
from typing import Union

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader

from mmaddp.registry import MODELS
from mmaddp.utils.checkpoint import extract_state_dict, load_weights


def build_model(config: Union[str, Path, Config], checkpoint: Union[str, Path]) -> BaseModel:
    """Build the model of a config and fill it completely from a checkpoint.

    What may be left over or missing is what ``default_hooks.strict_load`` of the config allows.

    Args:
        config (str | Path | Config): Config or its file.
        checkpoint (str | Path): Checkpoint of this very model.

    Returns:
        BaseModel: In evaluation mode, on the GPU if there is one. Its config and the names of the
        classes lie where mmpretrain's inferencers look for them.

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
    content = CheckpointLoader.load_checkpoint(str(checkpoint), 'cpu')
    weights = extract_state_dict(content, str(checkpoint))
    allowed = dict(config.get('default_hooks', {}).get('strict_load') or {})
    allowed.pop('type', None)
    load_weights(model, weights, str(checkpoint), **allowed)
    model._config = config
    model._dataset_meta = content.get('meta', {}).get('dataset_meta') or {}
    return model.to(torch.device(get_device())).eval()
