"""Sharded training (FSDP2) in two processes: same as without, and its checkpoints serve all."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from free_port import free_port
from mmengine.config import Config
from toy_data import copy_digits

from mmaddp.run.config import load_config
from mmaddp.run.toys import TOYS, ToyForm, toy_options
from mmaddp.run.training import TrainFlags, train, training_config
from mmaddp.weights.checkpoint import load_checkpoint_file
from mmaddp.weights.latest import find_checkpoint
from mmaddp.weights.model import build_model
from mmaddp.weights.shards import TABLE, check_shards, shard_folder

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return copy_digits(tmp_path_factory.mktemp('digits') / 'digits')


@pytest.fixture(scope='module')
def trained(tmp_path_factory, data, ready_python):
    """A folder in which ``train_sharded.py`` has run."""
    folder = tmp_path_factory.mktemp('trained')
    launch = ('-m', 'torch.distributed.run', '--nproc_per_node=2', f'--master_port={free_port()}')
    done = subprocess.run(
        list(map(str, (ready_python, *launch, HERE / 'train_sharded.py', data))),
        cwd=folder,
        env=os.environ
        | dict(PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1', PYTHON_EXEC=str(ready_python)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return folder


@pytest.fixture
def copy(trained, tmp_path):
    """A copy of the sharded training's folder."""
    return Path(shutil.copytree(trained / 'sharded', tmp_path / 'sharded'))


def read(path):
    return load_checkpoint_file(path)


def last_losses(folder):
    """Of the steps after the stop, which the last log holds."""
    log = max(folder.rglob('*.log'), key=lambda path: path.stat().st_mtime)
    return re.findall(r' loss: (\S+)', log.read_text())


def check_equal(one, other):
    assert one.keys() == other.keys()
    for key, value in one.items():
        torch.testing.assert_close(other[key], value, rtol=0, atol=1e-5, msg=key)


@pytest.mark.parametrize(
    'whole, sharded, name', [('whole', 'sharded', 'epoch_2'), ('gathered', 'between', 'iter_4')]
)
def test_all_is_as_in_a_training_that_is_not_sharded(trained, whole, sharded, name):
    one, other = (read(trained / folder / f'{name}.pth') for folder in (whole, sharded))
    assert one.keys() == other.keys()
    check_equal(one['state_dict'], other['state_dict'])
    for number, state in one['optimizer']['state'].items():
        check_equal(state, other['optimizer']['state'][number])
    resumed = last_losses(trained / sharded)
    assert 0 < len(resumed) < 4 and last_losses(trained / whole)[-len(resumed) :] == resumed


def test_shards_hold_the_tensors_without_a_pickle(trained):
    path = trained / 'sharded' / 'epoch_2.pth'
    assert {file.suffix for file in shard_folder(path).iterdir()} == {'.safetensors'}
    assert len(list(shard_folder(path).iterdir())) == 2
    content = torch.load(path, weights_only=True)
    assert content['state_dict'] == {} and len(content[TABLE]) > 100
    check_shards(content[TABLE], path)


def test_plain_file_and_loading(trained):
    folder = trained / 'sharded'
    plain, whole = (
        read(folder / f'epoch_2{end}')['state_dict'] for end in ('.safetensors', '.pth')
    )
    assert plain.keys() == whole.keys()
    assert all(torch.equal(plain[key], whole[key]) for key in whole)
    config = Config(load_config(TOYS['addp'])._cfg_dict.to_dict())
    models = [build_model(config, folder / f'epoch_2{end}') for end in ('.safetensors', '.pth')]
    for one, other in zip(*(model.state_dict().values() for model in models)):
        assert torch.equal(one, other)


def test_best_checkpoint_is_an_ordinary_file(trained):
    (path,) = (trained / 'classifier').glob('best_*.pth')
    assert not shard_folder(path).exists()
    content = torch.load(path, weights_only=True)
    check_equal(content['state_dict'], read(path.with_name('epoch_1.pth'))['state_dict'])
    check_equal(content['state_dict'], read(path.with_suffix('.safetensors'))['state_dict'])


def test_one_process_goes_on(copy, data, monkeypatch):
    monkeypatch.chdir(copy.parent)
    options = toy_options('addp', data, ToyForm(epochs=3))
    options['train_dataloader.batch_size'] = 16
    cfg, notes = training_config(
        TrainFlags(resume='auto'), config=TOYS['addp'], cfg_options=options, work_dir='sharded'
    )
    train(cfg, notes)
    content = torch.load(copy / 'epoch_3.pth', weights_only=True)
    assert TABLE not in content and not shard_folder(copy / 'epoch_3.pth').exists()
    before, after = read(copy / 'epoch_2.pth')['optimizer'], content['optimizer']
    steps = [float(one['state'][0]['step']) for one in (before, after)]
    assert steps[1] > steps[0] > 0


def cut(file):
    file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize('damage', [cut, Path.unlink])
@pytest.mark.parametrize('number', [0, 1])
def test_a_damaged_shard_is_noticed_and_the_one_before_is_used(copy, damage, number):
    damage(sorted(shard_folder(copy / 'epoch_2.pth').iterdir())[number])
    with pytest.raises(
        ValueError, match=r'The shards of .*epoch_2\.pth are (damaged|not complete)'
    ):
        read(copy / 'epoch_2.pth')
    assert find_checkpoint(copy) == copy / 'epoch_1.pth'
