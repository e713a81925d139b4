"""Generation runs of toy size, in processes of their own that may be killed."""

import multiprocessing
import os
from pathlib import Path

import torch
from free_port import free_port
from mmengine.config import Config
from mmengine.runner import Runner

import mmaddp.engine  # noqa: F401
from mmaddp.registry import MODELS
from mmaddp.run.launch import prepare_launch

ROOT = Path(__file__).parents[2]
TOY = ROOT / 'tests' / 'test_tools' / 'toy_addp.py'
FORK = multiprocessing.get_context('fork')


def toy_config(folder: Path, **dataset) -> Config:
    """A configuration that generates into ``folder / 'out'``, with random weights beside it."""
    cfg = Config.fromfile(TOY)
    for key in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler'):
        cfg.pop(key)
    cfg.merge_from_dict(
        Config.fromfile(ROOT / 'configs' / '_base_' / 'generation' / 'images_from_seeds.py')
    )
    cfg.model.sampler = dict(type='mmaddp.AlternatingSampler', num_steps=16, guidance=0.5)
    for part in ('tokenizer', 'token_predictor'):
        cfg.model.target_generator[part].init_cfg = None
    cfg.test_dataloader.batch_size = 4
    cfg.test_dataloader.dataset = dict(type='mmaddp.GenerationSeeds', **dataset)
    cfg.test_cfg.out_dir = str(folder / 'out')
    cfg.work_dir = str(folder / 'log')
    cfg.load_from = str(folder / 'addp.pth')
    cfg.log_level = 'ERROR'
    if not Path(cfg.load_from).exists():
        torch.manual_seed(0)
        model = MODELS.build(cfg.model)
        model.init_weights()
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(dict(state_dict=model.state_dict()), cfg.load_from)
    return cfg


def start(cfg: Config, world_size: int = 1) -> list[multiprocessing.Process]:
    """Start a run; its processes end with status 0 if it succeeds."""
    port = free_port()
    ranks = [FORK.Process(target=_run, args=(cfg, r, world_size, port)) for r in range(world_size)]
    for process in ranks:
        process.start()
    return ranks


def run(cfg: Config, world_size: int = 1) -> list[int]:
    """Run to the end; return the status of each process."""
    ranks = start(cfg, world_size)
    for process in ranks:
        process.join(120)
    return [process.exitcode for process in ranks]


def _run(cfg: Config, rank: int, world_size: int, port: int) -> None:
    torch.set_num_threads(1)
    if world_size > 1:
        cfg.launcher = 'pytorch'
        os.environ.update(
            RANK=str(rank),
            LOCAL_RANK=str(rank),
            WORLD_SIZE=str(world_size),
            MASTER_ADDR='127.0.0.1',
            MASTER_PORT=str(port),
        )
        cfg = prepare_launch(cfg)
    Runner.from_cfg(cfg).test()


def images(cfg: Config) -> dict[str, bytes]:
    """Name and bytes of every image of a run."""
    files = sorted((Path(cfg.test_cfg.out_dir) / 'images').glob('*.png'))
    return {file.name: file.read_bytes() for file in files}
