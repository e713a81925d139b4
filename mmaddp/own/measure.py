"""Time and memory of training steps, measured."""

import os
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import TRANSFORMS  # noqa: F401, fills the host's registry
from mmpretrain.structures import DataSample

from mmaddp.own.look import Look
from mmaddp.own.plan import STAGES, Plan
from mmaddp.own.plan_time import Cost
from mmaddp.own.write import config_text
from mmaddp.registry import MODELS
from mmaddp.weights.model import pretrained_settings

# Steps that are run, and those of them that count.
STEPS, COUNTED = 4, 3
# Pictures that are read to find out how long that takes.
PICTURES_READ = 8


def stage_config(stage: str, plan: Plan) -> Config:
    """Configuration of a stage of a plan that need not have epochs, without weights of others."""
    plan = replace(plan, epochs=dict.fromkeys(STAGES, 1))
    with tempfile.TemporaryDirectory(prefix='mmaddp_plan_') as folder:
        file = Path(folder) / f'{stage}.py'
        file.write_text(config_text(stage, plan, Path(folder), Path('pictures')))
        config = Config.fromfile(file)
    for _, holder, key, _ in list(pretrained_settings(config.model)):
        holder[key] = None
    return config


def measure(stage: str, plan: Plan, seconds_per_picture: float, start_seconds: float = 0.0) -> Cost:
    """Train a few steps on random input.

    Args:
        stage (str): One of ``STAGES``.
        plan (Plan): Its epochs are not read.
        seconds_per_picture (float): What reading and augmenting a picture takes.
        start_seconds (float): What loading the program takes. Defaults to 0.

    Returns:
        Cost: Of one step, and the peak of memory.
    """
    config = stage_config(stage, plan)
    init_default_scope(config.default_scope)
    settings = dict(config.model)
    if config.get('data_preprocessor'):
        settings.setdefault('data_preprocessor', config.data_preprocessor)
    cuda = plan.device == 'cuda'
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    model = MODELS.build(settings).to(plan.device).train()
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    seconds = []
    for _ in range(STEPS):
        batch = _random_batch(stage, plan)
        started = now(cuda)
        model.train_step(batch, wrapper)
        seconds.append(now(cuda) - started)
    step, encoding = statistics.median(seconds[-COUNTED:]), 0.0
    if stage == 'tokenizer':
        reading = seconds_per_picture * plan.batch[stage]
        step = together(step, reading, cuda)
        batches = plan.num_train / plan.batch[stage]
        encoding = batches * together(_encoding_time(model, batch, cuda), reading, cuda)
    return Cost(step, memory_gib(cuda), start_seconds, encoding)


def together(computing: float, reading: float, cuda: bool) -> float:
    """Time of both: on a GPU pictures are read meanwhile, on a CPU both want the same cores."""
    return max(computing, reading) if cuda else computing + reading / 2


@torch.no_grad()
def _encoding_time(model, batch: dict, cuda: bool) -> float:
    """Seconds in which the tokenizer encodes a batch."""
    images = model.data_preprocessor(batch, False)['inputs']
    started = now(cuda)
    model.tokenizer.encode(images)
    return now(cuda) - started


def count_parameters(config: Config) -> int:
    """Parameters of a configuration's model."""
    init_default_scope(config.default_scope)
    with torch.device('meta'):
        model = MODELS.build(config.model)
    return sum(parameter.numel() for parameter in model.parameters())


def _random_batch(stage: str, plan: Plan) -> dict:
    number = plan.batch[stage]
    if stage == 'tokenizer':
        size = (number, plan.channels, plan.resolution, plan.resolution)
        inputs = torch.randint(0, 256, size, dtype=torch.uint8)
    else:
        inputs = torch.randint(0, plan.num_codes, (number, plan.grid**2))
    return dict(inputs=inputs, data_samples=[DataSample() for _ in range(number)])


def reading_time(found: Look, plan: Plan) -> float:
    """Seconds for reading and augmenting one of the pictures, on one core."""
    config = stage_config('tokenizer', plan)
    init_default_scope(config.default_scope)
    pipeline = Compose(config.train_pipeline)
    every = max(1, len(found.pictures) // PICTURES_READ)
    files = [str(found.folder / picture.file) for picture in found.pictures[::every]]
    pipeline(dict(img_path=files[0]))
    started = time.perf_counter()
    for file in files:
        pipeline(dict(img_path=file))
    return (time.perf_counter() - started) / len(files)


def now(cuda: bool) -> float:
    """Seconds of a clock, after all that a GPU was asked to do."""
    if cuda:
        torch.cuda.synchronize()
    return time.perf_counter()


def memory_gib(cuda: bool) -> float:
    """Peak so far: of the GPU, or of this process."""
    if cuda:
        return torch.cuda.max_memory_allocated() / 2**30
    unit = 1 if sys.platform == 'darwin' else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def memory_limit_gib(device: str) -> float:
    """What the device has."""
    if device == 'cuda':
        return torch.cuda.get_device_properties(0).total_memory / 2**30
    try:
        return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    except (ValueError, OSError):
        return float('inf')
