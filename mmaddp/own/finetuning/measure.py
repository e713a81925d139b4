"""Time and memory of a fine-tuning, measured with its own pictures."""

import statistics
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner

from mmaddp.own.finetuning.plan import Cost
from mmaddp.own.measure import COUNTED, STEPS, memory_gib, now
from mmaddp.weights.model import build_model


def measure(config: Path, device: str, start_seconds: float) -> Cost:
    """Train a few steps, and predict.

    Args:
        config (Path): Configuration, with the lists of pictures that it names.
        device (str): 'cuda' or 'cpu'.
        start_seconds (float): What loading the program takes.
    """
    cuda = device == 'cuda'
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    model = build_model(config, device=device)
    settings: Config = model._config
    wrapper = build_optim_wrapper(model, settings.optim_wrapper)
    batches = iter(_loader(settings.train_dataloader))
    seconds = []
    model.train()
    for _ in range(STEPS):
        started = now(cuda)
        batch = next(batches, None)
        if batch is None:
            batches = iter(_loader(settings.train_dataloader))
            batch = next(batches)
        model.train_step(batch, wrapper)
        seconds.append(now(cuda) - started)
    model.eval()
    started = now(cuda)
    with torch.no_grad():
        found = model.val_step(next(iter(_loader(settings.val_dataloader))))
    picture = (now(cuda) - started) / len(found)
    return Cost(statistics.median(seconds[-COUNTED:]), picture, start_seconds, memory_gib(cuda))


def _loader(settings):
    changes = dict(num_workers=0, persistent_workers=False)
    return Runner.build_dataloader(dict(settings, **changes), seed=0)
