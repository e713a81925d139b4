"""What there is: released weights, and the configs that the package carries."""

import fnmatch
from collections.abc import Iterator
from typing import Any, Optional

from mmaddp.run.model_zoo import (
    SIZES,
    TASKS,
    WITHOUT_FIGURES,
    config_files,
    figures,
    metadata,
    size_of,
    task_of,
)
from mmaddp.utils.carried import carried
from mmaddp.weights.known_weights import KNOWN_WEIGHTS, find_known

WEIGHTS, CONFIG = 'weights', 'config'


def list_models(
    pattern: str = '',
    *,
    kind: Optional[str] = None,
    task: str = '',
    size: str = '',
    here: bool = False,
) -> list[dict[str, Any]]:
    """List the released weights and the configs.

    ``mmaddp.load(name)`` loads released weights that have a ``config``; a config is trained by
    ``mmaddp train``.

    Args:
        pattern (str): Part of the name, or a pattern of the whole name, as in ``'*-large*knn*'``.
            Defaults to '', all.
        kind (str, optional): 'weights' or 'config'. Defaults to None, both.
        task (str): Part of the task. Defaults to '', all.
        size (str): Part of the size; 'tiny', 'small', 'base' and 'large' stand for ViT-Ti, ViT-S,
            ViT-B and ViT-L too. Defaults to '', all.
        here (bool): Only what the released weights are here for. Defaults to False.

    Returns:
        list[dict]: For each ``name``, ``kind``, ``task`` and ``size``; ``config`` (address, or None
        for weights that are a part of others); ``file`` (the config's, or that of the weights, None
        if it was not downloaded); ``needs`` (names of released weights that are loaded) and
        ``here`` (whether they all are); ``published``, figures of paper or release;
        ``measured``, ours: None if it was not run, {} where there is nothing to compare with; and
        of released weights ``url`` and ``licence``.
    """
    return [
        model
        for model in [*_released(), *_configs()]
        if (kind is None or model['kind'] == kind)
        and _fits(model['name'], pattern)
        and task.lower() in model['task'].lower()
        and _has_size(model['size'], size.lower())
        and (model['here'] or not here)
    ]


def list_configs() -> dict[str, list[str]]:
    """List the configs that the package carries.

    Returns:
        dict[str, list[str]]: Folder -> addresses, as in ``mmaddp train mmaddp::FOLDER/FILE``.
    """
    found: dict[str, list[str]] = {}
    for file in config_files():
        address = f'mmaddp::{file.parent.name}/{file.name}'
        found.setdefault(file.parent.name, []).append(address)
    return found


def _released() -> Iterator[dict[str, Any]]:
    for name, weights in KNOWN_WEIGHTS.items():
        file = find_known(name)
        yield dict(
            name=name,
            kind=WEIGHTS,
            task=weights.task,
            size=weights.size,
            config=weights.config and f'mmaddp::{weights.config}',
            file=file,
            needs=[name],
            here=file is not None,
            published=dict(weights.published),
            measured=None,
            url=weights.url,
            licence=weights.licence,
        )


def _configs() -> Iterator[dict[str, Any]]:
    known = metadata()
    tasks = list(TASKS.values())
    for file in sorted(config_files(), key=lambda file: tasks.index(task_of(file))):
        folder, entry = file.parent.name, known.get(file.stem)
        ours = figures(entry, 'Metrics') if entry else {}
        needs = list(entry.get('Needs', ())) if entry else []
        yield dict(
            name=file.stem,
            kind=CONFIG,
            task=task_of(file),
            size=size_of(file.stem),
            config=f'mmaddp::{file.relative_to(carried("configs")).as_posix()}',
            file=file,
            needs=needs,
            here=all(find_known(name) for name in needs),
            published=figures(entry, 'Published') if entry else {},
            measured=ours if ours or folder in WITHOUT_FIGURES else None,
            url=None,
            licence=None,
        )


def _fits(name: str, pattern: str) -> bool:
    if any(sign in pattern for sign in '*?['):
        return fnmatch.fnmatch(name, pattern)
    return pattern.lower() in name.lower()


def _has_size(found: str, wanted: str) -> bool:
    return wanted in found.lower() or SIZES.get(wanted, wanted).lower() in found.lower()
