"""What can be loaded: released weights, and the configs that the package carries."""

from typing import Any

from mmaddp.utils.carried import carried
from mmaddp.weights.known_weights import KNOWN_WEIGHTS, find_known


def list_models() -> list[dict[str, Any]]:
    """List the released weights; those with a ``config`` are loaded by ``mmaddp.load(name)``.

    Returns:
        list[dict]: For each ``name``, ``task``, ``size``, ``config`` (address, or None for weights
        that are a part of others), ``file`` (its path, None if it was not downloaded), ``url``,
        ``licence`` and ``published``, scores of the release that are not measured by us.
    """
    return [
        dict(
            name=name,
            task=weights.task,
            size=weights.size,
            config=weights.config and f'mmaddp::{weights.config}',
            file=find_known(name),
            url=weights.url,
            licence=weights.licence,
            published=dict(weights.published),
        )
        for name, weights in KNOWN_WEIGHTS.items()
    ]


def list_configs() -> dict[str, list[str]]:
    """List the configs that the package carries.

    Returns:
        dict[str, list[str]]: Folder -> addresses, as in ``mmaddp train mmaddp::FOLDER/FILE``.
    """
    found: dict[str, list[str]] = {}
    for file in sorted(carried('configs').glob('*/*_*.py')):
        if not file.parent.name.startswith('_') and not file.name.startswith('parts_'):
            address = f'mmaddp::{file.parent.name}/{file.name}'
            found.setdefault(file.parent.name, []).append(address)
    return found
