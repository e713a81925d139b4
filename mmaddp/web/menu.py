"""Which models the page offers."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional, Union

from mmengine.config import Config

from mmaddp.apis.model_source import find_model
from mmaddp.utils.config_types import type_name
from mmaddp.weights.known_weights import KNOWN_WEIGHTS, find_known

WORK_DIRS = 'work_dirs'
# Token grid of a target generator that names none.
GRID = (16, 16)
# What marks the folder of a training, at these depths below a folder.
MARKS = ('last_checkpoint', 'best_*.pth')
DEPTHS = ('', '*/', '*/*/', '*/*/*/')
# What a model of a host is for, by the scope of its config.
TASKS = dict(mmpretrain='classify', mmdet='detect', mmseg='segment')


class Choice(NamedTuple):
    """An entry of the menu.

    Attributes:
        name (str): As it is shown.
        source (str): What :func:`mmaddp.load` takes.
        task (str): 'generate', 'classify', 'detect', 'segment' or 'reconstruct'.
        size (tuple[int, int], optional): Height and width of the pictures of one that generates.
        grid (tuple[int, int], optional): Its token grid (h, w).
    """

    name: str
    source: str
    task: str
    size: Optional[tuple[int, int]] = None
    grid: Optional[tuple[int, int]] = None


def named(sources: Sequence[str]) -> list[Choice]:
    """Models that the user names: those of folders with several are all taken.

    Args:
        sources (Sequence[str]): Folders, checkpoints, names of released weights.

    Raises:
        FileNotFoundError: There is no such model.
        ValueError: A folder holds none.
    """
    found: list[Choice] = []
    for source in sources:
        several = _below(Path(source).expanduser()) if Path(source).is_dir() else []
        found += several or [_choice(source, source)]
    return _distinct(found)


def at_hand() -> list[Choice]:
    """Models in ``work_dirs`` and released weights that were downloaded.

    Raises:
        ValueError: There is none.
    """
    found = _below(Path(WORK_DIRS))
    released = [name for name, one in KNOWN_WEIGHTS.items() if one.config and find_known(name)]
    found += [_choice(name, name) for name in released]
    if not found:
        raise ValueError(
            f'There is no model in {WORK_DIRS} and no released weights: name one, as in '
            'mmaddp web my_model. mmaddp pretrain makes one of your pictures, bash '
            'tools/quickstart.sh of digits, and mmaddp download fetches released ones.'
        )
    return found


def _below(folder: Path) -> list[Choice]:
    """Trainings in a folder that have something to offer, those that generate first.

    Tokenizers are taken only where there is nothing else.
    """
    marks = {
        file.parent for depth in DEPTHS for mark in MARKS for file in folder.glob(depth + mark)
    }
    found = []
    for training in sorted(marks):
        try:
            inside = training.relative_to(folder)
            name = folder.name if inside == Path() else f'{folder.name}/{inside}'
            found.append(_choice(str(training), name))
        except ValueError:  # a part of another model, or a training that has no checkpoint yet
            continue
    others = [choice for choice in found if choice.task != 'reconstruct'] or found
    if len(others) == 1:
        others = [others[0]._replace(name=folder.name)]
    return sorted(others, key=lambda choice: choice.task != 'generate')


def _distinct(choices: Sequence[Choice]) -> list[Choice]:
    """Each model once; those of equal names are named by their folders."""
    once: dict[str, Choice] = {}
    for choice in choices:
        once.setdefault(choice.source, choice)
    names = Counter(one.name for one in once.values())
    return [one if names[one.name] == 1 else one._replace(name=one.source) for one in once.values()]


def _choice(source: str, name: str) -> Choice:
    config = find_model(source).config
    task = _task(config, source)
    if task != 'generate':
        return Choice(name, source, task)
    size, grid = (
        config.model.backbone.img_size,
        config.model.target_generator.get('grid_size', GRID),
    )
    return Choice(name, source, task, _pair(size), _pair(grid))


def _pair(side: Union[int, Sequence[int]]) -> tuple[int, int]:
    height, width = (side, side) if isinstance(side, int) else side
    return height, width


def _task(config: Config, source: str) -> str:
    """What a model is for, as its config says.

    Raises:
        ValueError: It has nothing to offer alone.
    """
    kind = type_name(config.get('model'))
    if kind in ('ADDP', 'VQGANTraining'):
        return 'generate' if kind == 'ADDP' else 'reconstruct'
    scope = config.get('default_scope', 'mmpretrain')
    if scope == 'mmpretrain' and kind != 'ImageClassifier':
        raise ValueError(f'{source} is a {kind}, which is a part of other models.')
    return TASKS[scope]
