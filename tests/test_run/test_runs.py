"""Runs are found and described by their files, whatever state these are in."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmaddp.run.runs.finding import find_runs
from mmaddp.run.runs.settings import read_settings, setting
from mmaddp.utils.folder_lock import lock_folder, release_folder
from mmaddp.utils.own_folders import hold_folder

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools' / 'analysis_tools' / 'runs.py'
CONFIG = """
default_hooks = dict(checkpoint=dict(save_best={best!r}, type='CheckpointHook'))
default_scope = '{scope}'
model = dict(backbone=dict(depth=-1.5, sizes=(1, 2)), type='{model}')
randomness = dict(seed={seed})
train_cfg = dict({length})
"""
LOG = """2026/12/01 10:00:00 - mmengine - INFO -
------------------------------------------------------------
System environment:
    PyTorch: 2.15.0+cu132
    MMEngine: 0.10.12

Runtime environment:
    seed: 5
2026/12/01 10:00:01 - mmengine - INFO - Config:
2026/12/01 10:02:30 - mmengine - INFO - Saving checkpoint
"""


def training(
    folder, entries, start='20261201_100000', model='mmaddp.ADDP', length='max_epochs=2', **changes
):
    """Write what a start of a training leaves."""
    values = dict(best=None, scope='mmpretrain', seed=3) | changes
    vis_data = folder / start / 'vis_data'
    vis_data.mkdir(parents=True)
    (vis_data / 'config.py').write_text(CONFIG.format(model=model, length=length, **values))
    (vis_data / 'scalars.json').write_text(''.join(f'{json.dumps(e)}\n' for e in entries))
    (folder / start / f'{start}.log').write_text(LOG)
    (folder / f'{folder.name}.py').write_text('model = 1')
    return folder


def steps(*losses, **more):
    return [
        dict(loss=loss, masked_acc=0.1 * step, epoch=1, iter=step, step=step, **more)
        for step, loss in enumerate(losses, 1)
    ]


@pytest.fixture
def runs(tmp_path):
    """A folder with a run of each kind."""
    done = training(tmp_path / 'done', [*steps(3.0, 2.0), {'insight/knn': 0.7, 'step': 2}])
    (done / 'epoch_2.pth').touch()
    (done / 'last_checkpoint').write_text('epoch_2.pth')
    detector = training(
        tmp_path / 'deep' / 'detector',
        [
            dict(loss=1.5, iter=4, step=4),
            {'coco/bbox_mAP': 0.3, 'step': 4},
            {'coco/bbox_mAP': 0.2, 'step': 8},
        ],
        model='MaskRCNN',
        length="max_iters=12, type='IterBasedTrainLoop'",
        scope='mmdet',
        best='coco/bbox_mAP',
    )
    training(detector, [dict(loss=1.0, iter=8, step=8)], '20261201_110000', 'MaskRCNN')
    (detector / '20261201_110000' / 'vis_data' / 'config.py').unlink()
    chain = tmp_path / 'chain'
    (chain / 'stages').mkdir(parents=True)
    (chain / '.made-by-mmaddp').write_text('pretrain\n')
    (chain / 'plan.json').write_text(json.dumps(dict(plan=dict(seed=7))))
    for stage, figures in (('data', {}), ('tokenizer', dict(psnr=20.0))):
        content = json.dumps(dict(seconds=40.0, figures=figures))
        (chain / 'stages' / f'{stage}.json').write_text(content)
    training(chain / 'tokenizer', steps(0.2), model='mmaddp.VQGANTraining', length='max_epochs=1')
    made = tmp_path / 'made'
    (made / 'images').mkdir(parents=True)
    for index in range(3):
        (made / 'images' / f'{index:06}.png').touch()
    manifest = dict(checkpoint='x.pth', sampler={}, seed_rule='1', seed=11, config='a/addp.py')
    (made / 'manifest.json').write_text(json.dumps(manifest))
    (tmp_path / '.hidden').mkdir()
    training(tmp_path / '.hidden' / 'old', steps(1.0))
    return tmp_path


@pytest.fixture
def tool(runs, monkeypatch, capsys):
    """Run the tool on them; return what it prints."""

    def run(*words):
        monkeypatch.setattr(sys, 'argv', ['runs.py', str(runs), *map(str, words)])
        runpy.run_path(str(TOOL), run_name='__main__')
        return capsys.readouterr().out

    return run


def test_what_is_known_of_each(runs):
    found = find_runs(runs)
    assert found.damaged == []
    by_name = {run.name: run for run in found.runs}
    assert list(by_name) == ['chain', 'chain/tokenizer', 'deep/detector', 'done', 'made']
    done = by_name['done']
    assert (done.task, done.state, done.place) == (
        'pre-training',
        'finished',
        'epoch 2 of 2, step 2',
    )
    assert (done.loss, done.figure, done.best) == (2.0, 'insight/knn', 0.7)
    assert (done.seconds, done.started, done.seed) == (150, '2026-12-01T10:00:00', 3)
    assert done.versions == dict(pytorch='2.15.0+cu132', mmengine='0.10.12')
    detector = by_name['deep/detector']
    assert (detector.task, detector.state) == ('detection', 'stopped')
    assert (detector.place, detector.config) == ('step 8 of 12', 'detector.py')
    assert (detector.figure, detector.best, detector.loss) == ('coco/bbox_mAP', 0.3, 1.0)
    assert detector.seconds == 300  # of both starts
    chain = by_name['chain']
    assert (chain.task, chain.state, chain.seed) == ('mmaddp pretrain', 'stopped', 7)
    assert chain.place == '2 of 6 stages, next tokens' and chain.seconds == 80
    assert chain.started == by_name['chain/tokenizer'].started
    made = by_name['made']
    assert (made.task, made.place, made.seed) == ('generation', '3 pictures', 11)


def test_locks_say_what_runs(runs):
    with hold_folder(runs / 'chain', 'pretrain'):
        lock_folder(runs / 'done')
        try:
            states = {run.name: run.state for run in find_runs(runs).runs}
        finally:
            release_folder(runs / 'done')
    assert {name for name, state in states.items() if state == 'running'} == {'chain', 'done'}
    assert [run.name for run in find_runs(runs / 'done').runs] == ['done']


def test_table_filters_and_order(tool):
    text = tool()
    assert 'done' in text and 'finished: epoch 2 of 2, step 2' in text and '2 min 30 s' in text
    assert '    done.py, 2026-12-01 10:00:00, seed 3, pytorch 2.15.0+cu132' in text
    assert all(line == line.rstrip() for line in text.splitlines())
    for words, names in (
        (('--task', 'detection'), ['deep/detector']),
        (('--state', 'finished', '--sort', 'name'), ['done', 'made']),
        (('--name', 'chain*', '--sort', 'loss'), ['chain/tokenizer', 'chain']),
        (('--sort', 'loss', '--reverse', '--name', 'd*'), ['done', 'deep/detector']),
        (('--sort', 'time', '--task', 'token'), ['chain/tokenizer']),
    ):
        assert [run['name'] for run in json.loads(tool('--json', *words))['runs']] == names
    assert tool('--name', 'nothing').startswith('There are no such runs below')


def test_curves(tool, runs, capsys):
    said = tool('--draw', runs / 'plots' / 'curves.png')
    drawn = said.splitlines()[-1].partition('curves.png: ')[2].split(', ')
    assert set(drawn) == {'loss', 'insight/knn', 'coco/bbox_mAP', 'masked_acc'}
    with Image.open(runs / 'plots' / 'curves.png') as picture:
        pixels = np.asarray(picture.convert('RGB')).reshape(-1, 3)
    assert picture.width > 1000 and len(np.unique(pixels, axis=0)) > 10
    tool('--draw', runs / 'one.png', '--scalars', 'masked_acc', '--name', 'done')
    for words, message in (
        (('--draw', runs / 'curves.pdf'), 'into a .png file'),
        (('--draw', runs / 'c.png', '--scalars', 'los'), 'None of these runs has logged los'),
        (('--scalars', 'loss'), 'give both'),
    ):
        with pytest.raises(SystemExit, match=message):
            tool(*words)
        capsys.readouterr()


DAMAGED = {
    'done/20261201_100000/vis_data/scalars.json': b'{"loss": 1, "step": 1}\n{"lo\n\xff\n',
    'done/20261201_100000/vis_data/config.py': b'model = dict(',
    'done/20261201_100000/20261201_100000.log': b'2026/99/99 10:00:00 - x\n\xff\xfe',
    'chain/stages/tokenizer.json': b'[1, 2]',
    'chain/plan.json': b'{"plan": ',
    'made/manifest.json': b'{"checkpoint"',
}


@pytest.mark.parametrize('file', DAMAGED)
@pytest.mark.parametrize('content', ['damaged', 'empty', 'a folder', 'cut'])
def test_damaged_files_are_named_and_the_rest_is_listed(tool, runs, file, content):
    path = runs / file
    whole = path.read_bytes()
    if content == 'a folder':
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(
            dict(damaged=DAMAGED[file], empty=b'', cut=whole[: len(whole) // 2])[content]
        )
    text = tool(*(('--draw', runs / 'c.png') if 'scalars' in file else ()))
    lost = 'made' if file.startswith('made') else None
    for name in ('chain', 'chain/tokenizer', 'deep/detector', 'done', 'made'):
        assert (f'\n{name} ' in text) == (name != lost), name
    is_said = content == 'damaged' or (content == 'a folder' and 'scalars' in file)
    if is_said and not file.endswith('.log'):  # of a log, what is missing is left out
        (line,) = (line for line in text.splitlines() if line.startswith('damaged: '))
        assert str(path) in line


@pytest.mark.parametrize('length', ['max_epochs="x"', 'max_iters=None', 'max_epochs=[2]', ''])
def test_values_of_any_kind_end_nothing(tool, runs, length):
    entries = [
        dict(loss='x', iter=1, step=float('nan')),
        dict(loss=[1], iter=None, step=-1, epoch='one'),
        dict(loss=1.5, iter=2, step=2, epoch=True, masked_acc=float('inf')),
    ]
    odd = training(runs / 'odd', entries, length=length, seed='[1]', best={})
    text = odd / '20261201_100000' / 'vis_data' / 'config.py'
    text.write_text(text.read_text().replace('model = dict', 'model = list', 1))
    (runs / 'made' / 'manifest.json').write_text('{"checkpoint": 1, "sampler": 2, "seed": []}')
    (run,) = json.loads(tool('--json', '--name', 'odd'))['runs']
    assert (run['loss'], run['step'], run['seed'], run['task']) == (1.5, 2, 5, 'unknown')
    tool('--sort', 'best')


def test_half_a_line_is_left_out_without_a_word(tool, runs):
    with (runs / 'done/20261201_100000/vis_data/scalars.json').open('a') as file:
        file.write('{"loss": 1.0, "it')
    assert 'damaged' not in tool()


def test_json_is_json(tool, runs):
    training(runs / 'nan', [dict(loss=float('nan'), iter=1, step=1)])
    content = json.loads(tool('--json'), parse_constant=pytest.fail)
    (run,) = (run for run in content['runs'] if run['name'] == 'nan')
    assert run['loss'] is None and run['folder'].endswith('nan')


@pytest.mark.skipif(os.geteuid() == 0, reason='root reads everything')
def test_folders_that_cannot_be_read_are_named(tool, runs):
    (runs / 'deep').chmod(0)
    try:
        assert f'damaged: {runs / "deep"}: Permission denied' in tool()
    finally:
        (runs / 'deep').chmod(0o755)


def test_no_host_is_imported_and_nothing_is_run(runs):
    (runs / 'done/20261201_100000/vis_data/config.py').write_text('open("ran", "w")\nmodel = 1')
    code = (
        f'import runpy, sys\nsys.argv = ["runs", {str(runs)!r}]\n'
        f'runpy.run_path({str(TOOL)!r}, run_name="__main__")\n'
        'assert not {"torch", "mmengine", "numpy", "matplotlib"} & {*sys.modules}'
    )
    subprocess.run([sys.executable, '-c', code], check=True, cwd=runs, capture_output=True)
    assert not (runs / 'ran').exists()


def test_settings_are_read_as_they_stand(runs):
    found = read_settings(runs / 'done/20261201_100000/vis_data/config.py')
    assert setting(found, 'model.backbone.depth') == -1.5
    assert setting(found, 'model.backbone.sizes') == [1, 2]
    assert setting(found, 'model.nothing.at.all') is None


def test_a_folder_that_is_not_there(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['runs.py', 'nowhere'])
    with pytest.raises(SystemExit, match='There is no folder nowhere'):
        runpy.run_path(str(TOOL), run_name='__main__')
