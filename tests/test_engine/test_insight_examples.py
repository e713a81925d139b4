"""Trainings that are watched, in TensorBoard and in trackio, as the examples have it."""

import json
import socket
import sqlite3

import pytest
import torch
from mmengine.runner import Runner
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from test_engine.generation_runs import ROOT
from toy_data import copy_digits

from mmaddp.run.config import read_config

EXAMPLES = ROOT / 'examples' / 'insight'
FIGURES = {f'insight/{name}' for name in ('knn', 'probe', 'rank_me', 'samples_perplexity')}
SHEETS = {'features', 'samples', 'reconstructions', 'targets'}


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A folder with the digits where the examples look for them."""
    folder = tmp_path_factory.mktemp('examples')
    (folder / 'work_dirs' / 'toy').mkdir(parents=True)
    copy_digits(folder / 'work_dirs' / 'toy' / 'digits')
    return folder


@pytest.fixture(autouse=True)
def here(place, monkeypatch):
    monkeypatch.chdir(place)


def train(name, work_dir, **options):
    few = {f'default_hooks.features.{key}': 40 for key in ('most', 'most_held_out')}
    cfg = read_config(EXAMPLES / f'{name}.py', few | options, work_dir=work_dir)
    cfg.experiment_name = work_dir.name
    runner = Runner.from_cfg(cfg)
    runner.train()
    runner.visualizer.close()
    return torch.load(work_dir / 'epoch_3.pth', weights_only=True)['state_dict']


def test_tensorboard_and_resumed(tmp_path):
    whole = train('tensorboard', tmp_path / 'whole')
    (file,) = tmp_path.glob('whole/*/vis_data/events*')
    events = EventAccumulator(str(file))
    events.Reload()
    assert set(events.Tags()['scalars']) >= FIGURES and set(events.Tags()['images']) >= SHEETS
    assert [event.step for event in events.Scalars('insight/knn')] == [4, 8, 12]
    again = tmp_path / 'again'
    start = dict(resume=True, load_from=str(tmp_path / 'whole' / 'epoch_1.pth'))
    resumed = train('tensorboard', again, **start)
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)
    (log,) = again.glob('*/vis_data/scalars.json')
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [entry['step'] for entry in entries if 'insight/knn' in entry] == [8, 12]


def test_trackio_asks_nobody(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(socket, 'getaddrinfo', lambda *where, **_: asked.append(where))
    monkeypatch.setattr(socket.socket, 'connect', lambda _, where: asked.append(where))
    monkeypatch.setenv('TRACKIO_DIR', str(tmp_path / 'trackio'))
    monkeypatch.setenv('HF_HOME', str(tmp_path))
    train('trackio', tmp_path / 'work')
    assert asked == []
    with sqlite3.connect(tmp_path / 'trackio' / 'toys.db') as database:
        rows = database.execute('SELECT run_name, step, metrics FROM metrics').fetchall()
        ((settings,),) = database.execute('SELECT config FROM configs').fetchall()
    found = [(step, json.loads(values)) for _, step, values in rows]
    assert {name for name, _, _ in rows} == {f'work-{next(tmp_path.glob("work/2*")).name}'}
    assert json.loads(settings)['file'].endswith('trackio.py')
    assert FIGURES | SHEETS | {'loss', 'seconds'} <= {key for _, values in found for key in values}
    assert [step for step, values in found if 'insight/knn' in values] == [4, 8, 12]
    (_, sheet), *_ = ((step, v['features']) for step, v in found if 'features' in v)
    with Image.open(tmp_path / 'trackio' / 'media' / sheet['file_path']) as picture:
        assert picture.size == (8 * 66 + 2, 2 * 66 + 2)
