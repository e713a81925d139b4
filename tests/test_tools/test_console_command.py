"""The console command: what it lists, its help, and that it runs the tools as they are."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from safetensors import safe_open
from test_tools.conftest import ROOT

from mmaddp import cli
from mmaddp.registry import MODELS
from mmaddp.run.commands import COMMANDS, as_typed

(CONFIG,) = (ROOT / 'configs' / 'quickstart').glob('addp-*.py')
# Prints the help of every command, none of which imports anything slow.
HELP = """
import contextlib, io, json, sys, time
from mmaddp.cli import main
from mmaddp.run.commands import COMMANDS
results = {}
for name in COMMANDS:
    text, start, before = io.StringIO(), time.process_time(), set(sys.modules)
    with contextlib.redirect_stdout(text):
        try:
            main([*name.split(), '--help'])
        except SystemExit as end:
            status = end.code
    hosts = sorted({'torch', 'mmengine', 'mmcv'} & set(sys.modules) - before)
    seconds = time.process_time() - start
    results[name] = dict(status=status, text=text.getvalue(), hosts=hosts, seconds=seconds)
print(json.dumps(results))
"""


@pytest.fixture(scope='module')
def helps(tmp_path_factory):
    done = subprocess.run(
        [sys.executable, '-c', HELP],
        capture_output=True,
        check=True,
        env=os.environ | {'PYTHONPATH': str(ROOT)},
        cwd=tmp_path_factory.mktemp('empty'),
    )
    return json.loads(done.stdout)


@pytest.fixture
def command(call):
    """Run the console command in an empty folder; return its status and what it prints."""

    def run(*words):
        done = call('python', '-m', 'mmaddp', *words)
        return done.returncode, done.stdout

    return run


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(CONFIG).model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'addp.pth')
    return 'addp.pth'


def test_every_tool_for_users_has_a_command():
    named = {command.tool for command in COMMANDS.values()}
    tools = ROOT / 'tools'
    public = {
        str(path.relative_to(tools))
        for path in tools.rglob('*.py')
        if path.relative_to(tools).parts[0] not in ('quickstart', 'setup', 'study', 'study.py')
    }
    assert named == public


@pytest.mark.parametrize('name', COMMANDS)
def test_help_is_that_of_the_tool_and_shows_an_example(helps, name):
    found = helps[name]
    assert found['status'] == 0 and found['hosts'] == [] and found['seconds'] < 1
    assert found['text'].startswith(f'usage: mmaddp {name} [-h]')
    assert re.search(rf'\n *mmaddp {name}', found['text'].partition('\n\n')[2]), 'an example'
    assert 'python tools/' not in found['text']


def test_overview(capsys):
    assert cli.main(['--help']) == 0
    text = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert re.search(rf'\n  {re.escape(name)} +{re.escape(command.summary)}', text)
    assert all(len(line) <= 100 for line in text.splitlines())
    assert cli.main(['convert', '-h']) == 0
    text = capsys.readouterr().out
    assert 'convert to-timm' in text and '\n  train ' not in text
    assert cli.main([]) == cli.main(['convert']) == 2
    assert cli.main(['--version']) == 0


@pytest.mark.parametrize(
    'words, hint',
    [
        (('trian', 'config.py'), "'trian' (did you mean 'train'?); mmaddp --help"),
        (('convrt',), "(did you mean 'convert'?)"),
        (('convert', 'to-tim', 'a', 'b'), "(did you mean 'convert to-timm'?); mmaddp convert --"),
        (('zzz',), "no command 'zzz'; mmaddp --help"),
    ],
)
def test_unknown_commands(capsys, words, hint):
    assert cli.main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert hint in line


def test_tools_are_named_as_typed(monkeypatch):
    text = 'Run python tools/download_weights.py vqgan, or tools/train.py; tools/dist_train.sh.'
    assert as_typed(text) == text
    monkeypatch.setattr(sys, 'argv', ['mmaddp train', 'CONFIG'])
    assert as_typed(text) == 'Run mmaddp download vqgan, or mmaddp train; tools/dist_train.sh.'


def test_command_and_tool_do_the_same(command, call_tool, checkpoint, tmp_path):
    options = ('--num-images', 3, '--seed', 5)
    status, said = command('generate', CONFIG, checkpoint, '--out', 'new', *options)
    assert status == 0, said
    done = call_tool('generate.py', CONFIG, checkpoint, '--out', 'old', *options)
    assert done.returncode == 0, done.stdout
    files = sorted(path.relative_to(tmp_path / 'new') for path in tmp_path.glob('new/**/*.png'))
    assert len(files) == 4
    for file in files:
        assert (tmp_path / 'new' / file).read_bytes() == (tmp_path / 'old' / file).read_bytes()


def test_errors_name_commands(command, tmp_path):
    status, said = command('generate', CONFIG, 'mmaddp://addp-vit-base', '--out', 'new')
    assert status == 1 and 'Run mmaddp download addp-vit-base' in said.splitlines()[-1]
    status, said = command('train', CONFIG, '--total-batch', 'x')
    assert status == 1 and 'mmaddp train --help shows all options' in said


def test_features_of_a_folder(command, checkpoint, tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / 'photos').mkdir()
    for name in 'ab':
        pixels = rng.integers(0, 256, (40, 60, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / 'photos' / f'{name}.png')
    for out in ('f.npz', 'f.safetensors'):
        status, said = command('features', CONFIG, checkpoint, 'photos', '--out', out)
        assert status == 0, said
    with np.load(tmp_path / 'f.npz') as found, safe_open(tmp_path / 'f.safetensors', 'np') as same:
        assert found['features'].shape == (2, 96)
        assert found['names'].tolist() == json.loads(same.metadata()['names'])
        assert [name[-5:] for name in found['names']] == ['a.png', 'b.png']
        np.testing.assert_array_equal(found['features'], same.get_tensor('features'))
    status, said = command('features', CONFIG, checkpoint, 'photos', '--out', 'f.csv')
    assert status == 1 and 'not to f.csv' in said


def test_models_and_doctor(command):
    status, said = command('models')
    assert status == 0 and 'addp-vit-base' in said and 'not here' in said
    status, said = command('models', '--configs', 'quickstart')
    assert status == 0 and f'mmaddp::quickstart/{CONFIG.name}' in said
    status, said = command('models', '--configs', 'detecion')
    assert status == 1 and "did you mean 'detection'?" in said
    status, said = command('doctor')
    assert status == 0, said
    for line in (
        r'torch +\d',
        r'mmdet +\S',
        r'family of the hosts +(forks|originals)',
        r'cores +\d',
    ):
        assert re.search(line, said)
