"""Two processes train as one with the doubled batch, to 1e-5, and measure the same metrics."""

import pytest
import torch
from test_distributed.kinds import FOLDERS, KINDS, toy, without_draws
from test_distributed.ranks import Ranks
from test_distributed.record import assert_alike, train_and_record
from toy_scenes import make_scenes

from mmaddp.run.config import read_config

pytestmark = pytest.mark.slow


def train_all(launcher, data, folder):
    """Train all kinds on 8 pictures or 4 scenes a step, whatever the number of processes."""
    processes = 2 if launcher == 'pytorch' else 1
    for kind in KINDS:
        length = dict(train_cfg__max_iters=6) if kind in FOLDERS else {}
        path, options = toy(
            *(kind, data),
            train_dataloader__batch_size=(4 if kind in FOLDERS else 8) // processes,
            train_cfg__val_interval=100,
            default_hooks__checkpoint__interval=100,
            log_level='ERROR',
            **length,
        )
        cfg = read_config(path, options | without_draws(kind, data), folder / kind, launcher)
        train_and_record(cfg, folder / f'{kind}.pth')


@pytest.fixture(scope='module')
def records(tmp_path_factory):
    """Records of one process and of two, by kind."""
    base = tmp_path_factory.mktemp('alike')
    data = make_scenes(base / 'digits', train=12)
    folders = [base / 'one', base / 'two']
    for folder in folders:
        folder.mkdir()
    runs = [
        Ranks(number, train_all, data, folder, logs=folder)
        for number, folder in enumerate(folders, 1)
    ]
    for run in runs:
        run.wait()
    return {
        kind: [torch.load(folder / f'{kind}.pth', weights_only=True) for folder in folders]
        for kind in KINDS
    }


@pytest.mark.parametrize('kind', KINDS)
def test_two_processes_train_as_one(records, kind):
    one, two = records[kind]
    assert_alike(one, two)
    assert one['losses'][0] != one['losses'][-1]


@pytest.mark.parametrize('kind', [kind for kind in KINDS if kind != 'addp'])
def test_two_processes_measure_as_one(records, kind):
    one, two = (record['metrics'] for record in records[kind])
    assert one and one.keys() == two.keys()
    for name, value in one.items():
        if 'time' not in name:
            assert two[name] == pytest.approx(value, rel=1e-4, nan_ok=True), name
