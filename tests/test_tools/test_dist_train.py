"""A two-process gloo run on the CPU."""

import socket

import pytest
import torch
from mmengine.config import Config
from test_tools.conftest import ROOT

from mmaddp.datasets.token_cache import write_token_cache
from mmaddp.registry import MODELS

# The configuration of the run, and the length of its run: ten steps.
(CONFIG,) = (ROOT / 'configs' / 'quickstart').glob('addp-*.py')
STEPS = 10

# Saves the trainable weights of each rank after training.
HOOK = """
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class SaveRank(Hook):
    priority = 'LOWEST'

    def after_train(self, runner):
        state = dict(steps=runner.iter, weights=dict(runner.model.module.named_parameters()))
        torch.save(state, f'rank{get_rank()}.pth')
"""


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def options(tmp_path):
    """Options that give the quickstart's configuration random tokens and weights."""
    cfg = Config.fromfile(CONFIG)
    generator = cfg.model.target_generator
    num_codes = generator.tokenizer.num_codes
    token_ids = torch.randint(num_codes, (160, 2, 16))
    names = [f'{index}.png' for index in range(len(token_ids))]
    write_token_cache(tmp_path / 'tokens.safetensors', token_ids, names, num_codes, '0' * 64)
    options = [
        'train_dataloader.dataset.dataset.data_file=tokens.safetensors',
        'train_dataloader.batch_size=8',
    ]
    for name in ('tokenizer', 'token_predictor'):
        weights = MODELS.build(dict(generator[name], init_cfg=None)).state_dict()
        weights = {f'{name}.{key}': value for key, value in weights.items()}
        torch.save(dict(state_dict=weights), tmp_path / f'{name}.pth')
        options.append(f'model.target_generator.{name}.init_cfg.checkpoint={name}.pth')
    return options


def test_two_ranks_hold_equal_parameters_after_ten_steps(call, options, tmp_path, port):
    (tmp_path / 'save_rank.py').write_text(HOOK)
    (tmp_path / 'ranks.py').write_text(
        f'_base_ = {str(CONFIG)!r}\n'
        'custom_imports = dict(imports=["save_rank"])\n'
        'custom_hooks = [dict(type="SaveRank")]\n'
        'train_cfg = dict(max_epochs=1)\nparam_scheduler = dict(warmup=0.2)\n'
    )
    done = call(
        *('bash', ROOT / 'tools' / 'dist_train.sh', tmp_path / 'ranks.py', 2),
        *('--cfg-options', *options),
        PORT=port,
        PYTHONPATH=str(tmp_path),
    )
    assert done.returncode == 0, done.stdout
    first, second = (torch.load(tmp_path / f'rank{r}.pth', weights_only=True) for r in (0, 1))
    assert first['steps'] == second['steps'] == STEPS
    assert first['weights'].keys() == second['weights'].keys()
    for name, value in first['weights'].items():
        assert torch.equal(value, second['weights'][name]), name


def test_dist_test_and_train_say_how_they_are_called(call):
    for script in ('dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh'):
        done = call('bash', ROOT / 'tools' / script)
        assert done.returncode == 2 and 'usage: ' in done.stdout and 'CONFIG' in done.stdout


@pytest.mark.parametrize(
    'script, arguments, expected',
    [
        ('slurm_train.sh', ['part', 'job', 'c.py', 'out', '--amp'], '--work-dir out --launcher'),
        ('slurm_train.sh', ['part', 'job', 'c.py', '--amp'], 'c.py --launcher slurm --amp'),
        ('slurm_test.sh', ['part', 'job', 'c.py', 'a.pth'], 'c.py a.pth --launcher slurm'),
    ],
)
def test_slurm_command(call, tmp_path, script, arguments, expected):
    srun = tmp_path / 'srun'
    srun.write_text('#!/bin/sh\necho "srun $*"\n')
    srun.chmod(0o755)
    path = f'{tmp_path}:/usr/bin:/bin'
    done = call(
        'bash', ROOT / 'tools' / script, *arguments, PATH=path, GPUS='16', SRUN_ARGS='-A me -q x'
    )
    assert done.returncode == 0, done.stdout
    for part in (
        '-p part',
        '--job-name=job',
        '--gres=gpu:8',
        '--ntasks=16',
        '-A me -q x',
        expected,
    ):
        assert part in done.stdout, done.stdout
