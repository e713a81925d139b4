"""``mmengine.hub.get_model('mmaddp::...')`` builds in the scope that a configuration names."""

import functools
import sys
from typing import Any

import torch.nn as nn
from mmengine.hub import get_config
from mmengine.hub import get_model as original
from mmengine.registry import MODELS, DefaultScope
from mmengine.runner import load_checkpoint

from mmaddp.utils import register_all_modules


@functools.wraps(original)
def get_model(cfg_path: str, pretrained: bool = False, **kwargs: Any) -> nn.Module:
    """Build the model of a packaged configuration; of other packages as mmengine does."""
    if not cfg_path.startswith('mmaddp::'):
        return original(cfg_path, pretrained, **kwargs)
    cfg = get_config(cfg_path, pretrained)
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmengine')):
        register_all_modules()
        settings = dict(cfg.model)
        if 'data_preprocessor' in cfg:
            settings['data_preprocessor'] = cfg.data_preprocessor
        model = MODELS.build(settings, default_args=kwargs)
        if pretrained:
            load_checkpoint(model, cfg.model_path)
            # Or a Runner would draw the weights anew.
            model._is_init = True
    return model


def install() -> None:
    """Put our function in the place of mmengine's."""
    for name in ('mmengine.hub', original.__module__):
        sys.modules[name].get_model = get_model
