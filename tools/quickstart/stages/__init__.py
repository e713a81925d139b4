"""The stages of the quickstart, in order. A new one is a module here and a name below."""

from dataclasses import replace

from digits import stages as chain

from mmaddp.own.stage import Stage

from .classification import CLASSIFICATION
from .detection import DETECTION
from .judge import JUDGE
from .scores import SCORES
from .segmentation import SEGMENTATION


def all_stages(smoke: bool) -> tuple[Stage, ...]:
    """Those of every pre-training, and the quickstart's own; without limits in a smoke run."""
    found = (*chain(smoke), JUDGE, SCORES, CLASSIFICATION, DETECTION, SEGMENTATION)
    return tuple(map(without_limits, found)) if smoke else found


def without_limits(stage: Stage) -> Stage:
    """A stage whose figures may be what they are."""
    free = dict(at_least=None, at_most=None)
    figures = {name: replace(figure, **free) for name, figure in stage.figures.items()}
    return replace(stage, figures=figures)
