"""What a score means: everything it depends on, as text and as JSON."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Optional

import torch
import torch_fidelity

from .extractors import Extractor
from .scores import ScoreSettings
from .weights import is_published

# Settings of a generation run that the text shows; the JSON keeps everything.
SHOWN = (
    *('config', 'checkpoint', 'checkpoint_sha256', 'seed', 'seed_rule'),
    *('schedule', 'num_steps', 'choice_temperature', 'top_p', 'precision'),
)


def generation_run(folder: Path) -> dict:
    """What the ``manifest.json`` of a generation run says, nested settings as ``a.b``.

    Args:
        folder (Path): Folder of the images; the manifest lies there or beside the folder.

    Returns:
        dict: Single values only; empty where there is no manifest or it cannot be read.
    """
    for file in (folder / 'manifest.json', folder.parent / 'manifest.json'):
        try:
            return dict(_flatten(json.loads(file.read_text())))
        except (OSError, ValueError):
            continue
    return {}


def _flatten(node, prefix: str = '') -> Iterable[tuple[str, object]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _flatten(value, f'{prefix}.{key}' if prefix else str(key))
    elif not isinstance(node, list):
        yield prefix, node


def protocol(
    images: dict,
    reference: Optional[dict],
    extractors: Iterable[tuple[Extractor, dict[str, str]]],
    settings: ScoreSettings,
    batch_size: int,
) -> dict:
    """Everything that scores depend on.

    Args:
        images (dict): Description of the images, with ``generation`` of :func:`generation_run`.
        reference (dict, optional): Description of the reference; None where no score needs one.
        extractors (Iterable): Extractors, each with the layer of every score.
        settings (ScoreSettings): Settings.
        batch_size (int): Images that the extractor sees at once.

    Returns:
        dict: For JSON.
    """
    return dict(
        images=images,
        reference=reference,
        extractors=[
            dict(extractor.identity, layers=dict(layers)) for extractor, layers in extractors
        ],
        settings=dict(asdict(settings), batch_size=batch_size, tf32=False),
        versions=dict(torch_fidelity=torch_fidelity.__version__, torch=torch.__version__),
    )


def protocol_text(content: dict) -> str:
    """A protocol as human-readable lines."""
    lines = [_side('images', content['images'])]
    if content['reference'] is not None:
        lines.append(_side('reference', content['reference']))
    if 'generation' in content['images']:
        lines.append(f'generation: {_generation(content["images"]["generation"])}')
    for extractor in content['extractors']:
        layers = ', '.join(f'{score} {layer}' for score, layer in extractor['layers'].items())
        name, sha256 = extractor['name'], extractor['weights_sha256']
        kind = '' if is_published(name, sha256) else ' (not those of published scores)'
        lines.append(f'extractor: {name}, weights sha256 {sha256[:16]}{kind}, layers {layers}')
    for name in ('settings', 'versions'):
        values = ', '.join(f'{key} {value}' for key, value in content[name].items())
        lines.append(f'{name}: {values}')
    return '\n'.join(lines)


def _side(name: str, side: dict) -> str:
    sha256 = side.get('sha256')
    return f'{name}: {side["num_images"]} of {side["path"]}, transform {side["transform"]}' + (
        f', content sha256 {sha256[:16]}' if sha256 else ''
    )


def _generation(run: dict) -> str:
    if not run:
        return 'unknown (no manifest.json)'
    shown: dict[str, Any] = {}
    for key, value in run.items():
        name = key.rpartition('.')[2]
        if name in SHOWN and value is not None:
            shown.setdefault(name, value[:16] if name.endswith('sha256') else value)
    return ', '.join(f'{name} {value}' for name, value in shown.items())
