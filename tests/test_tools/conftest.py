"""The tools as a user calls them, on a configuration of toy size."""

import multiprocessing
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mmaddp.registry import MODELS

ROOT = Path(__file__).parents[2]
TOY = ROOT / 'tests' / 'test_tools' / 'toy_addp.py'


@pytest.fixture
def call(tmp_path):
    """Run a command in an empty folder; return the finished process, output in ``stdout``."""

    def run(*command, **environment):
        environment = dict(
            os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1', PYTHON=sys.executable
        ) | dict(environment)
        return subprocess.run(
            list(map(str, command)),
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )

    return run


def _run_tool(tool, arguments, folder, output):
    torch.set_num_threads(1)
    os.chdir(folder)
    sys.stdout = sys.stderr = open(output, 'w')  # noqa: SIM115, open as long as the process
    os.dup2(sys.stdout.fileno(), 1)
    os.dup2(sys.stdout.fileno(), 2)
    sys.argv = [str(tool), *map(str, arguments)]
    runpy.run_path(str(tool), run_name='__main__')


@pytest.fixture
def call_tool(tmp_path_factory, tmp_path):
    """Run a tool in an empty folder, in a process that need not import everything first."""

    def run(tool, *arguments):
        output = tmp_path_factory.mktemp('output') / 'output.txt'
        fork = multiprocessing.get_context('fork')
        process = fork.Process(
            target=_run_tool, args=(ROOT / 'tools' / tool, arguments, tmp_path, output)
        )
        process.start()
        process.join(300)
        return subprocess.CompletedProcess(tool, process.exitcode, output.read_text())

    return run


@pytest.fixture
def run_tool(monkeypatch, tmp_path):
    """Run a tool in this process, as from the command line."""

    def run(name, *arguments):
        command = [name, *map(str, arguments), '--work-dir', str(tmp_path / 'work')]
        monkeypatch.setattr(sys, 'argv', command)
        monkeypatch.syspath_prepend(str(ROOT / 'tools'))
        runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')

    return run


@pytest.fixture
def toy_options(tmp_path):
    """Options that give the toy configuration images and weights."""
    rng = np.random.default_rng(0)
    (tmp_path / 'images').mkdir()
    for index in range(8):
        pixels = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / 'images' / f'{index}.png')
    # The generator hands sizes on to its parts.
    settings = Config.fromfile(TOY).model.target_generator
    names = ('tokenizer', 'token_predictor')
    for name in names:
        settings[name].init_cfg = None
    generator = MODELS.build(settings)
    options = ['train_dataloader.dataset.dataset.data_root=images']
    for name in names:
        weights = getattr(generator, name).state_dict()
        weights = {f'{name}.{key}': value for key, value in weights.items()}
        torch.save(dict(state_dict=weights), tmp_path / f'{name}.pth')
        options.append(f'model.target_generator.{name}.init_cfg.checkpoint={name}.pth')
    return options
