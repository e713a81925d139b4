"""Which models the page offers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from mmengine.config import Config

from mmaddp.apis.model_source import find_model
from mmaddp.run.model_list import list_models
from mmaddp.utils.config_types import type_name

WORK_DIRS = 'work_dirs'
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
    """

    name: str
    source: str
    task: str
    size: Optional[tuple[int, int]] = None


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
        several = list(_below(Path(source).expanduser())) if Path(source).is_dir() else []
        found += several or [_choice(source, source)]
    return list({choice.source: choice for choice in found}.values())


def at_hand() -> list[Choice]:
    """Models in ``work_dirs`` and released weights that were downloaded.

    Raises:
        ValueError: There is none.
    """
    found = list(_below(Path(WORK_DIRS)))
    released = [model['name'] for model in list_models() if model['file'] and model['config']]
    found += [_choice(name, name) for name in released]
    if not found:
        raise ValueError(
            f'There is no model in {WORK_DIRS} and no released weights: name one, as in '
            'mmaddp web my_model. mmaddp pretrain makes one of your pictures, bash '
            'tools/quickstart.sh of digits, and mmaddp download fetches released ones.'
        )
    return found


def _below(folder: Path) -> Iterator[Choice]:
    """Trainings in a folder that have something to offer, those that generate first."""
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
    others = [choice for choice in found if choice.task != 'reconstruct']
    yield from sorted(others or found, key=lambda choice: choice.task != 'generate')


def _choice(source: str, name: str) -> Choice:
    config = find_model(source).config
    task, size = _task(config, source), None
    if task == 'generate':
        side = config.model.backbone.img_size
        size = (side, side) if isinstance(side, int) else tuple(side)
    return Choice(name, source, task, size)


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
