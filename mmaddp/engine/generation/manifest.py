"""What a folder of generated images was made with."""

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any, Optional, Union

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmaddp.datasets.generation_seeds import SEED_RULE
from mmaddp.models.selfsup import ADDP
from mmaddp.models.task_modules import SCHEDULES
from mmaddp.utils.atomic import write_json
from mmaddp.utils.hashing import file_sha256
from mmaddp.utils.wrappers import unwrap
from mmaddp.weights.addresses import local_path

NAME = 'manifest.json'
# For readers of the manifest only; other values give the same images.
INFORMATION = ('config', 'checkpoint', 'seed_rule', 'environment')


def describe_run(runner: Runner, seed: int, batch_size: int, precision: str) -> dict:
    """Everything that the images of a generation run depend on, and notes for readers.

    Args:
        runner (Runner): Of the run, with its config and ``load_from``.
        seed (int): Seed of the whole set.
        batch_size (int): Images of a block.
        precision (str): Precision of the network.

    Returns:
        dict: For JSON.

    Raises:
        ValueError: The run loads no checkpoint.
    """
    if runner._load_from is None:
        raise ValueError('Generation needs a checkpoint: none is given (load_from is None).')
    model = describe_model(runner.cfg, runner._load_from, unwrap(runner.model))
    own = dict(seed=seed, seed_rule=SEED_RULE, precision=precision, batch_size=batch_size)
    # What is changed most often comes first in a message.
    first = ('config', 'config_sha256', 'checkpoint', 'checkpoint_sha256')
    return {**{key: model[key] for key in first}, **own, **model}


def describe_model(cfg: Config, checkpoint: Union[str, Path], model: ADDP) -> dict:
    """What the images of a model depend on, whatever is done with it.

    Args:
        cfg (Config): Its configuration.
        checkpoint (str | Path): Its weights, a file or an address.
        model (ADDP): The model itself.

    Returns:
        dict: For JSON.
    """
    settings = _plain(cfg.model)
    return dict(
        config=str(cfg.filename),
        config_sha256=_digest({key: settings[key] for key in settings if key != 'sampler'}),
        checkpoint=str(checkpoint),
        checkpoint_sha256=file_sha256(local_path(checkpoint)),
        sampler=_sampler_settings(model),
        environment=dict(torch=torch.__version__, device=_device_name(model)),
    )


def recorded_batch_size(folder: Path) -> Optional[int]:
    """Images per block of the run in a folder; None if the folder does not say."""
    try:
        size = json.loads((folder / NAME).read_text())['batch_size']
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return size if isinstance(size, int) and size >= 1 else None


def check_or_write(folder: Path, settings: dict) -> None:
    """Write the manifest of a new folder, or compare the settings with the existing one.

    Args:
        folder (Path): Folder of the run.
        settings (dict): From :func:`describe_run`.

    Raises:
        ValueError: The folder was made with other settings, or its manifest cannot be read.
    """
    path = folder / NAME
    if not path.exists():
        write_json(path, settings)
        return
    try:
        found = dict(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f'{path} cannot be read ({error}): choose another folder.') from error
    there, here = (
        dict(_flatten({key: value for key, value in part.items() if key not in INFORMATION}))
        for part in (found, settings)
    )
    differences = [
        f'{key} {there.get(key)!r}, now {here.get(key)!r}'
        for key in dict.fromkeys([*here, *there])
        if there.get(key) != here.get(key)
    ]
    if differences:
        raise ValueError(
            f'{folder} was made with other settings: {"; ".join(differences)}. Choose another '
            'folder, or the settings of this one to continue it.'
        )
    if found.get('environment') != settings['environment']:
        warnings.warn(
            f'{folder} was begun with {found.get("environment")}, and continues with '
            f'{settings["environment"]}: images may differ by rounding from those of one run.',
            stacklevel=2,
        )


def _sampler_settings(model: ADDP) -> dict:
    """The settings in force, defaults included."""
    settings = {key: value for key, value in vars(model.sampler).items() if key != 'schedule'}
    # Left out where they are the paper's, so that folders of earlier versions are continued.
    paper = dict(decode_every=1, order='confidence', guidance=0, guidance_start=0.5)
    for name, value in paper.items():
        if settings.get(name) == value:
            del settings[name]
    schedule = model.sampler.schedule
    names = {function: name for name, function in SCHEDULES.items()}
    own = f'{schedule.__module__}:{getattr(schedule, "__qualname__", repr(schedule))}'
    return dict(schedule=names.get(schedule, own), **settings)


def _plain(node: Any) -> Any:
    """A config as plain types, without the pretrained weights of its parts."""
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items() if key != 'init_cfg'}
    if isinstance(node, (list, tuple)):
        return [_plain(value) for value in node]
    return node if isinstance(node, (str, int, float, type(None))) else repr(node)


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _flatten(node: dict, prefix: str = ''):
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _flatten(value, f'{prefix}{key}.')
        else:
            yield f'{prefix}{key}', value


def _device_name(model: ADDP) -> str:
    device = next(model.parameters()).device
    return torch.cuda.get_device_name(device) if device.type == 'cuda' else device.type
