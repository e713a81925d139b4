"""Parameters and floating point operations of the parts of a model."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import torch
from mmengine.structures import BaseDataElement
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmaddp.models.selfsup import ADDP
from mmaddp.models.token_predictors import MAGE
from mmaddp.models.tokenizers import VQGANTraining
from mmaddp.run.benchmark.measure import FLOPS_IN_PLACE
from mmaddp.run.benchmark.models import build, configured
from mmaddp.run.benchmark.settings import Settings


class Part(NamedTuple):
    """A part of a model.

    Attributes:
        name (str): Its dotted name; '' for the whole model.
        kind (str): Its class.
        parameters (int): Of the part, those of its own parts included.
        trained (int): Those that training changes.
        flops (int): Floating point operations of matrix products and convolutions for one picture:
            an addition and a multiplication are two.
    """

    name: str
    kind: str
    parameters: int
    trained: int
    flops: int


def count_parts(settings: Settings, depth: int = 2) -> list[Part]:
    """Count the parts of a config's model in one forward pass of one picture.

    A pre-training is counted as the forward pass of a training step: with tokenizer and token
    predictor, and the masks of seed 0. A token predictor is counted on ids. Other models are
    counted from the picture to the output of their heads, without what makes predictions of it.

    Args:
        settings (Settings): Configuration, device, size of the pictures, settings to override.
        depth (int): How many levels of parts are listed. Defaults to 2.

    Returns:
        list[Part]: The whole model first, then parts in their order, each before its own parts.

    Raises:
        ValueError: The configuration's model takes no pictures.
    """
    cfg = configured(settings)
    model = build(cfg, settings).eval()
    flops = _flops(model, _pass(model, settings.size or picture_side(cfg)))
    return [
        Part(
            name,
            type(module).__name__,
            sum(p.numel() for p in module.parameters()),
            sum(p.numel() for p in module.parameters() if p.requires_grad),
            flops.get(name, 0),
        )
        for name, module in _modules(model, depth)
    ]


def table(parts: list[Part]) -> str:
    """The parts as text, indented by level."""
    rows = [('part', 'class', 'parameters', 'trained', 'GFLOP')]
    for part in parts:
        level = part.name.count('.') + 1 if part.name else 0
        name = '  ' * level + (part.name.rpartition('.')[2] or 'model')
        numbers = f'{part.parameters:,}', f'{part.trained:,}', f'{part.flops / 1e9:,.3f}'
        rows.append((name, part.kind, *numbers))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for row in rows:
        words = [f'{word:<{w}}' for word, w in zip(row[:2], widths)]
        lines.append('  '.join([*words, *(f'{word:>{w}}' for word, w in zip(row[2:], widths[2:]))]))
    return '\n'.join(lines)


def picture_side(cfg: Any) -> int:
    """Side in pixels of the pictures that a config's model takes."""
    for holder in (cfg.model, cfg.model.get('backbone') or {}):
        for name in ('input_size', 'img_size'):
            if name in holder:
                side = holder[name]
                return side if isinstance(side, int) else max(side)
    size = (cfg.get('data_preprocessor') or {}).get('size') or cfg.model.get('crop_size')
    return max(size) if isinstance(size, list | tuple) else size or 256


def _pass(model: nn.Module, side: int) -> Callable[[], Any]:
    """One forward pass of a picture."""
    picture = torch.rand(
        1, _channels(model), side, side, generator=torch.Generator().manual_seed(0)
    )
    picture = picture.to(next(model.parameters()).device)
    if isinstance(model, ADDP):
        return partial(model.loss, picture, None)
    kinds = {kind.__name__ for kind in type(model).__mro__}
    if 'BaseDetector' in kinds:
        shape = dict(img_shape=(side, side), ori_shape=(side, side), batch_input_shape=(side, side))
        from mmdet.structures import DetDataSample

        sample: BaseDataElement = DetDataSample(metainfo=dict(shape, scale_factor=(1.0, 1.0)))
        return partial(model, picture, [sample], mode='tensor')
    if kinds & {'BaseClassifier', 'BaseSegmentor'}:
        return partial(model, picture, mode='tensor')
    if isinstance(model, VQGANTraining):
        return partial(model.tokenizer, picture)
    if isinstance(model, MAGE):
        ids = torch.zeros(1, model.token_predictor.num_tokens, dtype=torch.long)
        return partial(model.loss, ids.to(picture.device), None)
    raise ValueError(f'A {type(model).__name__} takes no picture, so nothing can be counted.')


def _channels(model: nn.Module) -> int:
    return next(m.in_channels for m in model.modules() if isinstance(m, nn.Conv2d))


class _Whole(nn.Module):
    """A model whose pass is a call, so that the counter knows the names of all its parts."""

    def __init__(self, model: nn.Module, run: Callable[[], Any]) -> None:
        super().__init__()
        self.model = model
        self.run = run

    def forward(self) -> Any:
        return self.run()


@torch.no_grad()
def _flops(model: nn.Module, run: Callable[[], Any]) -> dict[str, int]:
    """Operations by the dotted name of a module, '' for the whole."""
    torch.manual_seed(0)
    whole = _Whole(model, run)
    with FlopCounterMode(display=False, custom_mapping=FLOPS_IN_PLACE) as counter:
        whole()
    root = f'{type(whole).__name__}.model'
    counts = {
        name.removeprefix(root).lstrip('.'): sum(found.values())
        for name, found in counter.get_flop_counts().items()
    }
    found = {name: 0 for name, _ in model.named_modules()}
    for name in reversed(found):  # a part comes before its own parts
        # The counter sees calls; a part whose methods are called has what its own parts have.
        found[name] = max(found[name], counts.get(name, 0))
        if name:
            found[name.rpartition('.')[0]] += found[name]
    return {**found, '': counter.get_total_flops()}


def _modules(model: nn.Module, depth: int) -> Iterator[tuple[str, nn.Module]]:
    """Modules with parameters, down to a level; those of a list count as its level."""
    for name, module in model.named_modules():
        level = name.count('.') + 1 if name else 0
        if level <= depth and any(True for _ in module.parameters()):
            yield name, module
