"""Models of configurations as they are trained, and how they are run."""

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

from mmaddp.registry import MODELS
from mmaddp.run.benchmark.settings import Settings
from mmaddp.run.config import read_config
from mmaddp.run.inputs import datasets
from mmaddp.run.stand_ins import drop_absent_weights
from mmaddp.utils.config_types import type_name
from mmaddp.utils.precision import PRECISIONS, resolve_precision

SEED = 0
_built: dict[str, nn.Module] = {}
AMP_KEYS = ('dtype', 'loss_scale', 'use_fsdp')


def configured(settings: Settings, **options: Any) -> Config:
    """The configuration of a benchmark; weights that are not there are left out of it."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'This run uses float32')  # it is said in the result
        cfg = read_config(settings.config, {**options, **settings.cfg_options}, folder)
    drop_absent_weights(cfg)
    return cfg


def trains_on_tokens(cfg: Config) -> bool:
    """Whether a training reads cached token ids in place of pictures."""
    found = datasets(cfg, ('train_dataloader',))
    return any(type_name(dataset) == 'TokenDataset' for _, dataset in found)


def build(cfg: Config, settings: Settings) -> nn.Module:
    """Build the model of a configuration in training mode; what has no weights gets random ones.

    The last one is kept: what is measured next is often another work of the same model.
    """
    config = dict(cfg.model)
    if cfg.get('data_preprocessor') is not None:  # as the Runner does
        config.setdefault('data_preprocessor', cfg.data_preprocessor)
    key = f'{config} {settings.device}'
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    if key not in _built:
        _built.clear()
        torch.manual_seed(SEED)
        with quiet_log():
            model = MODELS.build(config)
            model.init_weights()
        _built[key] = model.to(settings.torch_device)
    model = _built[key]
    for module in model.modules():
        module._compiled_call_impl = None
    return model.train()


@contextmanager
def quiet_log() -> Iterator[None]:
    """Keep lines on every weight that is initialised or trained from the log."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def optimizer_of(cfg: Config, model: nn.Module, precision: str) -> OptimWrapper:
    """The configured optimizer, which changes no weight: its learning rate is zero.

    So every round, and every variant, computes with the same weights, at the full cost. Mixed
    precision of the configuration is left out.

    Args:
        cfg (Config): The configuration.
        model (nn.Module): Its model.
        precision (str): Of forward passes.
    """
    wrapper = {key: value for key, value in cfg.optim_wrapper.items() if key not in AMP_KEYS}
    optimizer = dict(wrapper['optimizer'], lr=0.0)
    ours = dict(type='mmaddp.PrecisionOptimWrapper', precision=precision, optimizer=optimizer)
    with quiet_log():
        return build_optim_wrapper(model, {**wrapper, **ours})


def precision_of(settings: Settings, model: nn.Module) -> str:
    """Precision of our variant, 'fp32' or 'bf16'."""
    return resolve_precision(settings.precision, model, settings.torch_device.type)


def cast(precision: str, device: torch.device) -> AbstractContextManager:
    """Run forward passes in a precision."""
    dtype = PRECISIONS[precision]
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype)


@contextmanager
def no_dropout(model: nn.Module) -> Iterator[None]:
    """Switch off what is random in a training step besides its masks."""
    names = dict(p=nn.Dropout, drop_prob=nn.Module, attn_drop=nn.Module)
    kept = [
        (module, name, getattr(module, name))
        for module in model.modules()
        for name, kind in names.items()
        if isinstance(module, kind) and isinstance(getattr(module, name, None), float)
    ]
    try:
        for module, name, _ in kept:
            setattr(module, name, 0.0)
        yield
    finally:
        for module, name, value in kept:
            setattr(module, name, value)


def compile_parts(parts: dict[str, nn.Module]) -> None:
    """Compile the forward passes of modules in place."""
    for module in parts.values():
        module.compile()
