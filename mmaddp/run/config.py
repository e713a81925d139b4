"""Turns a configuration file into what the Runner gets."""

import copy
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional, Union

from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.hooks import CheckpointHook as StockCheckpointHook

from mmaddp.run.check_settings import check_kinds, check_settings
from mmaddp.run.check_values import check_values
from mmaddp.run.config_keys import check_config_keys, effective_keys
from mmaddp.run.exact_resume import seed_samples, use_exact_loop
from mmaddp.run.file_checks import require_file_checks
from mmaddp.run.launch import prepare_launch
from mmaddp.utils.config_types import type_name

# Without these a run would not be resumable, safe or complete.
REQUIRED_HOOKS = dict(
    plain_message_hub='mmaddp.PlainMessageHubHook',
    strict_load='mmaddp.StrictLoadHook',
    position='mmaddp.PositionHook',
    non_finite_loss='mmaddp.NonFiniteLossHook',
    rank_watch='mmaddp.RankWatchHook',
    preemption='mmaddp.PreemptionHook',
    check_classes='mmaddp.CheckClassesHook',
    check_label_maps='mmaddp.CheckLabelMapsHook',
    check_token_cache='mmaddp.CheckTokenCacheHook',
    skipped_images='mmaddp.SkippedImagesHook',
    data_time='mmaddp.DataTimeHook',
)
CHECKPOINT_HOOK = 'mmaddp.CheckpointHook'
DATALOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def read_config(
    config: Union[str, Path],
    cfg_options: Optional[Mapping[str, Any]] = None,
    work_dir: Optional[Union[str, Path]] = None,
    launcher: str = 'none',
    local_rank: int = 0,
) -> Config:
    """Read, check and complete a configuration.

    Args:
        config (str | Path): Configuration file (.py, .json, .yaml), or ``package::FOLDER/FILE``.
        cfg_options (Mapping, optional): Settings to override, by dotted name. Defaults to None.
        work_dir (str | Path, optional): Folder for logs and checkpoints. Defaults to None: that of
            the file, or ``work_dirs/NAME``.
        launcher (str): 'none', 'pytorch', 'slurm' or 'mpi'. Defaults to 'none'.
        local_rank (int): Number of this process on its machine. Defaults to 0.

    Returns:
        Config: Ready for the Runner, with a gloo process group created if needed.

    Raises:
        ValueError: The file cannot be read, or it holds a setting that nothing reads, that is not
            known, or whose value is out of range.
    """
    os.environ.setdefault('LOCAL_RANK', str(local_rank))
    cfg_options = dict(cfg_options or {})
    cfg = load_config(config)
    merge_options(cfg, cfg_options)
    check_config_keys(cfg, cfg_options)
    if 'launcher' in cfg_options:
        raise ValueError('--cfg-options sets launcher, and so does --launcher: leave one out.')
    for name in ('env_cfg', 'randomness'):
        if cfg.get(name, {}) is None:  # as if it were not set
            cfg.pop(name)
    check_kinds(cfg)
    _drop_variables(cfg)
    cfg.launcher = launcher
    if work_dir is not None:
        cfg.work_dir = str(work_dir)
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(config).stem)
    _require_hooks(cfg)
    _replace_checkpoint_hooks(cfg)
    use_exact_loop(cfg)
    _complete_dataloaders(cfg)
    require_file_checks(cfg, DATALOADERS)
    check_settings(cfg)
    check_values(cfg)
    seed_samples(cfg)  # after the checks, whose messages name settings by their own places
    use_supported_precision(cfg)
    return prepare_launch(cfg)


def load_config(config: Union[str, Path]) -> Config:
    """Read a configuration, without a check.

    Args:
        config (str | Path): A file, or ``package::FOLDER/FILE`` for one that a package carries.

    Raises:
        FileNotFoundError: There is no such file or package.
        ValueError: It cannot be read.
    """
    file = str(config)
    if '::' in file and not Path(file).exists():
        file = _packaged_file(file)
    try:
        return Config.fromfile(file)
    except OSError:
        raise
    except Exception as error:  # a configuration is a program: it can raise anything
        raise ValueError(f'{file} cannot be read: {type(error).__name__}: {error}') from error


def require(cfg: Config, *keys: str) -> None:
    """Raise if a configuration lacks keys that a tool needs.

    Args:
        cfg (Config): A run's configuration.
        *keys (str): Top-level keys.

    Raises:
        ValueError: Names those that are absent.
    """
    absent = [key for key in keys if cfg.get(key) is None]
    if absent:
        raise ValueError(f'{cfg.filename} has no {" and no ".join(absent)}.')


def _packaged_file(address: str) -> str:
    """File that ``package::FOLDER/FILE`` stands for, with or without its ending."""
    name = address if Path(address).suffix in ('.py', '.json', '.yaml', '.yml') else f'{address}.py'
    try:
        file = Config._get_cfg_path(name, '')[0]
    except Exception as error:
        raise FileNotFoundError(f'{address}: there is no such package ({error}).') from error
    if not Path(file).is_file():
        raise FileNotFoundError(f'{address}: there is no file {file}.')
    return file


def merge_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Write settings by dotted name into a configuration.

    Raises:
        ValueError: A name leads through something that has no such part.
    """
    for key, value in options.items():
        try:
            cfg.merge_from_dict({key: copy.deepcopy(value)})  # it takes _delete_ out
        except (KeyError, TypeError, AssertionError, IndexError) as error:
            raise ValueError(f'{key}={value} cannot be set in {cfg.filename}: {error}') from error


def _drop_variables(cfg: Config) -> None:
    """Remove the variables of configuration files, which are no longer needed.

    The Runner writes its configuration into the work directory. No file there reads a variable
    any more, so it would be an unknown key when that configuration is run.
    """
    for key in cfg.keys() - effective_keys():
        cfg.pop(key)


def amp_available() -> bool:
    """Whether mmengine's mixed precision supports the device."""
    return get_device() not in ('cpu', 'mps')


def use_supported_precision(cfg: Config) -> None:
    """Replace mixed precision by float32, with a warning, where the device has none.

    Changes ``cfg.optim_wrapper`` in place, wrappers of several optimisers included.
    """
    if amp_available():
        return
    replaced = _replace_amp(cfg.get('optim_wrapper'))
    if replaced:
        warnings.warn(
            f'This run uses float32: AmpOptimWrapper does not support the device '
            f'{get_device()!r}. The configuration itself asks for mixed precision.',
            stacklevel=2,
        )


def _replace_amp(node) -> bool:
    if not isinstance(node, dict):
        return False
    replaced = [_replace_amp(child) for child in node.values()]
    if type_name(node) != 'AmpOptimWrapper':
        return any(replaced)
    node['type'] = 'OptimWrapper'
    for key in ('loss_scale', 'dtype', 'use_fsdp'):
        node.pop(key, None)
    return True


def _require_hooks(cfg: Config) -> None:
    """Add our hooks to configurations that inherit a host's runtime; None leaves one out."""
    if cfg.get('default_hooks') is None:
        cfg.default_hooks = ConfigDict()
    hooks = cfg.default_hooks
    for name, kind in REQUIRED_HOOKS.items():
        hooks.setdefault(name, dict(type=kind))
        if hooks[name] is None:
            hooks.pop(name)
        else:  # the command line may have set its other arguments
            hooks[name].setdefault('type', kind)


def _replace_checkpoint_hooks(cfg: Config) -> None:
    """Replace mmengine's hook, which loses checkpoints when it is killed, by ours."""
    hooks = cfg.default_hooks
    # What the Runner takes where a configuration says nothing.
    hooks.setdefault('checkpoint', dict(interval=1))
    if hooks['checkpoint'] is not None:
        hooks['checkpoint'].setdefault('type', CHECKPOINT_HOOK)
    for hook in [*hooks.values(), *(cfg.get('custom_hooks') or [])]:
        if isinstance(hook, dict) and _is_stock_checkpoint_hook(hook.get('type')):
            hook['type'] = CHECKPOINT_HOOK


def _is_stock_checkpoint_hook(kind: Any) -> bool:
    """Whether a type is mmengine's hook: the class, its name, or its name with its module."""
    if isinstance(kind, str):
        return type_name(kind) == 'CheckpointHook' and kind.partition('.')[0] != 'mmaddp'
    return kind is StockCheckpointHook


def _complete_dataloaders(cfg: Config) -> None:
    """Set the defaults of the hosts' own tools: mmpretrain stacks batches, the others do not."""
    defaults = dict(pin_memory=get_device() != 'cpu')
    if cfg.get('default_scope') == 'mmpretrain':
        defaults['collate_fn'] = dict(type='default_collate')
    for name in DATALOADERS:
        if cfg.get(name) is not None:
            workers = dict(persistent_workers=True)
            cfg[name] = {**defaults, **workers, **cfg[name]}
            if not cfg[name].get('num_workers'):  # what only workers have
                cfg[name]['persistent_workers'] = False
                cfg[name].pop('prefetch_factor', None)
