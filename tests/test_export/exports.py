"""Models of the toy configurations, exported once for all tests."""

import sys
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmaddp.apis import LoadedModel, build_model

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / 'examples' / 'export'))

TOYS = dict(
    features='addp-vit-*',
    generate='addp-vit-*',
    classify='classifier-*',
    segment='upernet-*',
    detect='mask-rcnn-*',
)


def load_toy(task: str) -> LoadedModel:
    """A model that has not learned anything; what is zero at first has other values."""
    (file,) = (ROOT / 'configs' / 'toy').glob(TOYS[task] + '.py')
    cfg = Config.fromfile(file)
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmpretrain')):
        torch.manual_seed(0)
        model = build_model(cfg, device='cpu')
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return LoadedModel(model, 'toy')
