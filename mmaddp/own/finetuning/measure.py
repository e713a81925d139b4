"""Time and memory of a fine-tuning, measured with its own pictures."""

import statistics
from collections.abc import Iterator
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner

from mmaddp.own.finetuning.plan import Cost
from mmaddp.own.measure import memory_gib, now, together
from mmaddp.weights.model import build_model

# Steps that are run, and those at the end that count; predictions, of which the last counts.
STEPS, COUNTED, PREDICTIONS = 8, 5, 3


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
    reading, computing = [], []
    model.train()
    batches = _batches(settings.train_dataloader)
    for _ in range(STEPS):
        started = now(cuda)
        batch = next(batches)
        ready = now(cuda)
        model.train_step(batch, wrapper)
        reading.append(ready - started)
        computing.append(now(cuda) - ready)
    model.eval()
    batches = _batches(settings.val_dataloader)
    for _ in range(PREDICTIONS):
        started = now(cuda)
        with torch.no_grad():
            found = model.val_step(next(batches))
        picture = (now(cuda) - started) / len(found)
    compute, read = (statistics.median(times[-COUNTED:]) for times in (computing, reading))
    return Cost(together(compute, read, cuda), picture, start_seconds, memory_gib(cuda))


def _batches(settings: dict) -> Iterator[dict]:
    """Batches without end, read by this process."""
    changes = dict(num_workers=0, persistent_workers=False)
    loader = Runner.build_dataloader(dict(settings, **changes), seed=0)
    while True:
        yield from loader
