"""Loads a model by name, from the folder of its training, or from its file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional, Union

from mmengine.config import Config, ConfigDict

from mmaddp.apis.loaded_model import LoadedModel
from mmaddp.apis.model_holder import abilities_of
from mmaddp.apis.model_source import find_model
from mmaddp.run.config import merge_options, require
from mmaddp.utils.config_types import type_name
from mmaddp.weights.model import build_model

# Parts of the training of a tokenizer; nothing else needs them.
TRAINING_PARTS = ('discriminator', 'perceptual_loss', 'code_revival')


def load(
    source: Union[str, Path],
    config: Optional[Union[str, Path, Config]] = None,
    *,
    cfg_options: Optional[Mapping[str, Any]] = None,
    device: Optional[str] = None,
) -> LoadedModel:
    """Load a trained model, which then stays in memory.

    Checkpoints are read weights-only. A config is a program, though: load folders and configs only
    of people whom you trust.

    Args:
        source (str | Path): Name of released weights (:func:`list_models`); the work folder of a
            training, or a folder that holds several stages; or a checkpoint, a file or a URL.
        config (str | Path | Config, optional): Config of a checkpoint, a file or
            ``mmaddp::FOLDER/FILE``. Defaults to None: the one beside the checkpoint or, for
            released weights, their own.
        cfg_options (Mapping, optional): Settings to override, by dotted name, as in
            ``{'model.sampler.num_steps': 8}``. Defaults to None.
        device (str, optional): Defaults to None: the GPU if there is one.

    Returns:
        LoadedModel: With the methods that the checkpoint allows, named in ``abilities``.

    Raises:
        FileNotFoundError: There is no such model, or released weights were not downloaded.
        ValueError: The checkpoint does not fit the config, the config is not known, or a model of
            this kind has nothing to offer here.
    """
    config, checkpoint = find_model(source, config)
    merge_options(config, cfg_options or {})
    require(config, 'model')
    _leave_out_training(config)
    model = build_model(config, checkpoint, device)
    if not abilities_of(model):
        raise ValueError(
            f'{checkpoint} is a {type(model).__name__}, which is a part of other models and has '
            'nothing to offer alone.'
        )
    return LoadedModel(model, checkpoint, cfg_options)


def _leave_out_training(config: Config) -> None:
    """Take from a tokenizer's training what only the training needs."""
    if type_name(config.model) != 'VQGANTraining':
        return
    config.model.update(discriminator=None, perceptual_loss=None, revival_interval=None)
    hooks = config.setdefault('default_hooks', ConfigDict())
    allowed = dict(hooks.get('strict_load') or {})
    patterns = [rf'{part}\.' for part in TRAINING_PARTS]
    allowed['allow_unexpected'] = [*allowed.get('allow_unexpected', ()), *patterns]
    hooks['strict_load'] = allowed
