"""Config and checkpoint of a model that is named, or that lies in a folder or a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional, Union
from urllib.parse import urlparse

from mmengine.config import Config

from mmaddp.run.config import load_config
from mmaddp.run.nearest import nearest
from mmaddp.utils.web import is_url
from mmaddp.weights.addresses import local_path
from mmaddp.weights.known_weights import KNOWN_WEIGHTS, SCHEME, known
from mmaddp.weights.latest import find_checkpoint, newest_checkpoint

# Of the stages of a pre-training, the one that generates and has the features.
STAGE = 'addp'
BEST = 'best_*.pth'
WEIGHTS = ('.pth', '.pt', '.ckpt', '.safetensors')


class ModelSource(NamedTuple):
    """What a model is built from.

    Attributes:
        config (Config): Its configuration.
        checkpoint (str): Its weights: a file, ``mmaddp://NAME`` or a URL.
    """

    config: Config
    checkpoint: str


def find_model(
    source: Union[str, Path], config: Optional[Union[str, Path, Config]] = None
) -> ModelSource:
    """Find config and checkpoint of a model.

    Args:
        source (str | Path): Name of released weights, a folder of a training or of a pre-training
            with its stages, or a checkpoint: a file or a URL.
        config (str | Path | Config, optional): Config, in place of the one that is found.
            Defaults to None.

    Returns:
        ModelSource: Of files that exist.

    Raises:
        FileNotFoundError: There is no such model, or released weights were not downloaded.
        ValueError: A folder holds no model or several, or the config of a file is not known.
    """
    text = str(source)
    if text.removeprefix(SCHEME) in KNOWN_WEIGHTS and not Path(text).is_dir():
        name = text.removeprefix(SCHEME)
        return _of_weights(f'{SCHEME}{name}', name, config)
    path = Path(source).expanduser()
    if path.is_dir():
        checkpoint, found = find_in_folder(path)
        return ModelSource(_read(config or found), str(checkpoint))
    if not is_url(text) and not path.is_file():
        hint = nearest(text, KNOWN_WEIGHTS)
        raise FileNotFoundError(
            f'{source} is no folder, no file and no name of released weights{hint}: '
            'mmaddp.list_models() lists those.'
        )
    return _of_checkpoint(text, config)


def find_in_folder(folder: Path) -> tuple[Path, Path]:
    """Find checkpoint and config in the folder of a training, or of one that has several stages.

    The best checkpoint is taken if the training kept one (``best_*.pth``), otherwise the newest;
    the config is the one that the run wrote there. Of several stages, ``addp`` is taken.

    Args:
        folder (Path): ``work_dirs/NAME``, or a folder with such folders.

    Returns:
        tuple[Path, Path]: Checkpoint and config.

    Raises:
        ValueError: It holds no model, or several.
    """
    chosen = [folder] if _is_training(folder) else list(_stages(folder))
    chosen = [stage for stage in chosen if stage.name == STAGE] or chosen
    if not chosen:
        raise ValueError(f'{folder} holds no training: no checkpoint with the config of its run.')
    if len(chosen) > 1:
        names = ', '.join(str(stage.relative_to(folder)) for stage in chosen)
        raise ValueError(f'{folder} holds several trainings; name one of {names} in it.')
    return _checkpoint_in(chosen[0]), _config_in(chosen[0])


def _stages(folder: Path) -> Iterator[Path]:
    """Folders of trainings below a folder, two levels deep at most."""
    for pattern in ('*', '*/*'):
        yield from filter(_is_training, sorted(folder.glob(pattern)))


def _is_training(folder: Path) -> bool:
    if not folder.is_dir() or _config_in(folder) is None:
        return False
    return any(folder.glob(BEST)) or newest_checkpoint(folder) is not None


def _checkpoint_in(folder: Path) -> Path:
    best = sorted(folder.glob(BEST), key=lambda file: file.stat().st_mtime)
    return best[-1] if best else find_checkpoint(folder)


def _config_in(folder: Path) -> Optional[Path]:
    """The newest config of a folder."""
    return max(folder.glob('*.py'), key=lambda file: file.stat().st_mtime, default=None)


def _of_checkpoint(text: str, config) -> ModelSource:
    """A file or a URL with its config: that of released weights, or the one beside it."""
    name = Path(urlparse(text).path).name if is_url(text) else Path(text).name
    if Path(name).suffix not in WEIGHTS:
        raise ValueError(
            f'{text} is no checkpoint ({", ".join(WEIGHTS)}). A config is given beside one: '
            'mmaddp.load(CHECKPOINT, config=CONFIG).'
        )
    known_names = [key for key, weights in KNOWN_WEIGHTS.items() if weights.file == name]
    if known_names:
        return _of_weights(text, known_names[0], config)
    beside = None if is_url(text) else _config_in(Path(text).expanduser().parent)
    if config is None and beside is None:
        raise ValueError(
            f'The config of {text} is not known, since there is none in its folder: '
            'mmaddp.load(CHECKPOINT, config=CONFIG).'
        )
    return ModelSource(_read(config or beside), text)


def _of_weights(checkpoint: str, name: str, config) -> ModelSource:
    """Released weights with their own config, or with another one."""
    own = known(name).config
    if config is None and own is None:
        raise ValueError(
            f'{name} ({known(name).task}) is a part of other models and cannot be loaded alone.'
        )
    local_path(checkpoint)  # says how to get what is not there
    return ModelSource(_read(config or f'mmaddp::{own}'), checkpoint)


def _read(config: Union[str, Path, Config]) -> Config:
    return config.copy() if isinstance(config, Config) else load_config(config)
