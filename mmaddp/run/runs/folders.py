"""Folders of ``mmaddp pretrain`` and ``mmaddp finetune``, and those of generated pictures."""

import json
from pathlib import Path
from typing import Any

from mmaddp.run.runs.record import FINISHED, RUNNING, STOPPED, Record
from mmaddp.run.runs.scalars import is_number
from mmaddp.run.runs.trainings import FIGURES, Damaged
from mmaddp.utils.own_folders import MARK, is_held

MANIFEST = 'manifest.json'
PICTURES = ('.png', '.tif')
# Maker of a folder -> its stages, in order.
STAGES = dict(
    pretrain=('data', 'tokenizer', 'tokens', 'predictor', 'addp', 'report'),
    finetune=('train', 'report'),
)
CHAIN_FIGURES = ('knn_addp', *FIGURES)


def maker_of(folder: Path) -> str:
    """The command that has made a folder; '' if it is none of ``STAGES``."""
    try:
        maker = (folder / MARK).read_text().strip()
    except (OSError, ValueError):
        return ''
    return maker if maker in STAGES else ''


def read_chain(folder: Path, name: str, damaged: Damaged) -> Record:
    """Read what a chain has left; its trainings have records of their own.

    Args:
        folder (Path): Its folder.
        name (str): What to call it.
        damaged (Callable): Called with a message for each file that cannot be read.
    """
    maker = maker_of(folder)
    record = Record(folder, name, f'mmaddp {maker}', 'plan.json', seed=_seed(folder, damaged))
    done, record.seconds = [], 0.0
    for stage in STAGES[maker]:
        file = folder / 'stages' / f'{stage}.json'
        if not file.exists():
            continue
        result = _read(file, damaged)
        done.append(stage)
        seconds, figures = result.get('seconds'), result.get('figures')
        record.seconds += seconds if is_number(seconds) else 0
        figures = figures if isinstance(figures, dict) else {}
        record.loss = figures['loss'] if is_number(figures.get('loss')) else record.loss
        for figure in CHAIN_FIGURES:
            if is_number(figures.get(figure)):
                record.figure, record.best = figure, figures[figure]
                break
    left = [stage for stage in STAGES[maker] if stage not in done]
    record.place = f'{len(done)} of {len(STAGES[maker])} stages'
    record.place += f', next {left[0]}' if left else ''
    record.state = STOPPED if left else FINISHED
    if is_held(folder):
        record.state = RUNNING
    return record


def is_generation(folder: Path, damaged: Damaged) -> bool:
    """Whether a folder with a manifest holds pictures that a model has made."""
    content = _read(folder / MANIFEST, damaged)
    return 'checkpoint' in content and 'sampler' in content


def read_generation(folder: Path, name: str, damaged: Damaged) -> Record:
    """Read what a generation, or an edit, has left; arguments as for :func:`read_chain`."""
    content = _read(folder / MANIFEST, damaged)
    is_whole = 'seed_rule' in content
    record = Record(folder, name, 'generation' if is_whole else 'editing')
    record.config = Path(str(content.get('config'))).name
    record.seed = content['seed'] if isinstance(content.get('seed'), int) else None
    environment = content.get('environment')
    if isinstance(environment, dict):
        record.versions = dict(pytorch=str(environment.get('torch')))
    try:
        pictures = (folder / 'images' if is_whole else folder).iterdir()
        record.place = f'{sum(file.suffix in PICTURES for file in pictures)} pictures'
    except OSError as error:
        damaged(f'{folder}: {error}')
    # How many were asked for is not written down: what is there is whole.
    record.state = FINISHED
    return record


def _seed(folder: Path, damaged: Damaged) -> Any:
    plan = _read(folder / 'plan.json', damaged).get('plan') if folder.is_dir() else None
    seed = plan.get('seed') if isinstance(plan, dict) else None
    return seed if isinstance(seed, int) else None


def _read(file: Path, damaged: Damaged) -> dict[str, Any]:
    """Content of a JSON file; empty if it cannot be read."""
    try:
        content = json.loads(file.read_bytes())
        if not isinstance(content, dict):
            raise ValueError('it holds no settings')
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        damaged(f'{file}: {error}')
        return {}
    return content
