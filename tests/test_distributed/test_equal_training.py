"""Two processes train as one with the doubled batch, to 1e-5, and measure the same metrics."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from free_port import free_port
from test_distributed.kinds import KINDS
from toy_scenes import make_scenes

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TOLERANCE = dict(rtol=0, atol=1e-5)


def start(folder, data, *launcher):
    """Start the trainings of all kinds."""
    folder.mkdir()
    paths = os.pathsep.join(map(str, (ROOT, ROOT / 'tests', HERE)))
    command = [sys.executable, *launcher, HERE / 'train_alike.py', data, folder, *KINDS]
    return subprocess.Popen(
        list(map(str, command)),
        cwd=folder,
        env=dict(os.environ, PYTHONPATH=paths, OMP_NUM_THREADS='1'),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    """Folders of one process and of two."""
    base = tmp_path_factory.mktemp('alike')
    data = make_scenes(base / 'digits', train=12)
    torchrun = ('-m', 'torch.distributed.run', '--nproc_per_node=2')
    both = (
        start(base / 'one', data),
        start(base / 'two', data, *torchrun, f'--master_port={free_port()}'),
    )
    for process in both:
        output = process.communicate(timeout=400)[0]
        assert process.returncode == 0, output[-5000:]
    return base / 'one', base / 'two'


@pytest.mark.parametrize('kind', KINDS)
def test_two_processes_train_as_one(folders, kind):
    one, two = (torch.load(folder / f'{kind}.pth', weights_only=True) for folder in folders)
    for step, (losses, others) in enumerate(zip(one['losses'], two['losses'], strict=True)):
        assert losses and losses.keys() == others.keys()
        for name, value in losses.items():
            assert abs(value - others[name]) <= 1e-5, (step, name)
    assert one['weights'].keys() == two['weights'].keys()
    for name, value in one['weights'].items():
        torch.testing.assert_close(two['weights'][name], value, **TOLERANCE, msg=name)
    assert one['losses'][0] != one['losses'][-1]


@pytest.mark.parametrize('kind', [kind for kind in KINDS if kind != 'addp'])
def test_two_processes_measure_as_one(folders, kind):
    one, two = (torch.load(folder / f'{kind}.pth', weights_only=True) for folder in folders)
    assert one['metrics'] and one['metrics'].keys() == two['metrics'].keys()
    for name, value in one['metrics'].items():
        if 'time' not in name:
            assert two['metrics'][name] == pytest.approx(value, rel=1e-4, nan_ok=True), name
