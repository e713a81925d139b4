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
from mmaddp.run.stand_ins import drop_absent_weights

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
        with _quiet():
            model = MODELS.build(config)
            model.init_weights()
        _built[key] = model.to(settings.torch_device)
    model = _built[key]
    for module in model.modules():
        module._compiled_call_impl = None
    return model.train()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep a line for every weight that is initialised from the log."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def optimizer_of(cfg: Config, model: nn.Module) -> OptimWrapper:
    """The configured optimizer, which changes no weight: its learning rate is zero.

    So every round, and every variant, computes with the same weights, at the full cost. Precision
    is the benchmark's matter: mixed precision of the configuration is left out.
    """
    wrapper = {key: value for key, value in cfg.optim_wrapper.items() if key not in AMP_KEYS}
    optimizer = dict(wrapper['optimizer'], lr=0.0)
    return build_optim_wrapper(model, dict(wrapper, type='OptimWrapper', optimizer=optimizer))


def cast(settings: Settings) -> AbstractContextManager:
    """Precision of our variant."""
    if settings.precision != 'bf16':
        return nullcontext()
    return torch.autocast(settings.torch_device.type, torch.bfloat16)


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
