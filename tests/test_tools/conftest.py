"""The tools as a user calls them, on a configuration of toy size."""

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
def call(ready_python, tmp_path):
    """Run a command in an empty folder; return the finished process, output in ``stdout``.

    'python' is one whose imports are done, and so is what a script calls. To see that a tool
    imports in a sound order, call ``sys.executable``.
    """

    def run(*command, **environment):
        if command[0] == 'python':
            command = (ready_python, *command[1:])
        settings = dict(PYTHONPATH=ROOT, OMP_NUM_THREADS=1)
        # The latter is for torchrun to start its ranks with.
        settings |= dict(PYTHON=ready_python, PYTHON_EXEC=ready_python)
        return subprocess.run(
            list(map(str, command)),
            cwd=tmp_path,
            env=os.environ | {name: str(word) for name, word in (settings | environment).items()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture
def call_tool(call):
    """Run a tool in an empty folder; return the finished process, output in ``stdout``."""
    return lambda tool, *arguments: call('python', ROOT / 'tools' / tool, *arguments)


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
