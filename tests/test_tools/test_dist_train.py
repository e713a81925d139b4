"""A two-process gloo run on the CPU."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest
import torch
from free_port import free_port
from mmengine.config import Config
from test_tools.conftest import ROOT
from test_utils.test_processes import wait_for_end

from mmaddp.datasets.token_cache import write_token_cache
from mmaddp.registry import MODELS

pytestmark = pytest.mark.slow

# The configuration of the run, and the length of its run: ten steps.
(CONFIG,) = (ROOT / 'configs' / 'quickstart').glob('addp-*.py')
STEPS = 10
ENVIRONMENT = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1')

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
    return str(free_port())


@pytest.fixture
def options(tmp_path):
    """Options that give the quickstart's configuration random tokens and weights."""
    settings = Config.fromfile(CONFIG).model.target_generator
    for name in ('tokenizer', 'token_predictor'):
        settings[name].init_cfg = None
    generator = MODELS.build(settings)
    num_codes = generator.tokenizer.num_codes
    token_ids = torch.randint(num_codes, (160, 2, 16))
    names = [f'{index}.png' for index in range(len(token_ids))]
    write_token_cache(tmp_path / 'tokens', token_ids, names, num_codes)
    options = [
        'train_dataloader.dataset.dataset.data_root=tokens',
        'train_dataloader.batch_size=8',
    ]
    for name in ('tokenizer', 'token_predictor'):
        weights = getattr(generator, name).state_dict()
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


VARIABLES = dict(
    dist=('NNODES', 'NODE_RANK', 'MASTER_ADDR', 'PORT', 'GPUS', 'PYTHON'),
    slurm=('GPUS', 'GPUS_PER_NODE', 'GRES', 'CPUS_PER_TASK', 'SRUN_ARGS', 'PY_ARGS', 'MASTER_PORT'),
)


@pytest.mark.parametrize('script', ['dist_train', 'dist_test', 'slurm_train', 'slurm_test'])
def test_launchers_say_how_they_are_called(call, script):
    path = ROOT / 'tools' / f'{script}.sh'
    done = call('bash', path)
    assert done.returncode == 2
    assert 'arguments are needed, got 0' in done.stdout and 'usage: ' in done.stdout
    for arguments in (['--help'], ['-h'], ['config.py', '8', '--help']):
        done = call('bash', path, *arguments)
        assert done.returncode == 0 and f'usage: bash tools/{script}.sh ' in done.stdout
        for variable in VARIABLES[script.partition('_')[0]]:
            assert variable in done.stdout, variable


@pytest.fixture
def torchrun(call, tmp_path):
    """Call a script with a Python that shows what torchrun would get, and finds ports as ever."""
    python = tmp_path / 'my python'
    show = 'case "$1" in -m) shift; printf "<%s> " "$@" ;; *) exec "$REAL" "$@" ;; esac'
    python.write_text(f'#!/bin/sh\n{show}\n')
    python.chmod(0o755)

    def run(script, *arguments, **environment):
        path = ROOT / 'tools' / script
        return call('bash', path, *arguments, PYTHON=python, REAL=sys.executable, **environment)

    return run


def test_arguments_reach_torchrun_as_they_are(torchrun):
    done = torchrun('dist_train.sh', 'my config.py', 2, '--work-dir', 'a b', '--amp')
    assert done.returncode == 0, done.stdout
    assert '<--nproc_per_node=2>' in done.stdout and '<--nnodes=1>' in done.stdout
    assert done.stdout.endswith(
        '/tools/train.py> <my config.py> <--launcher> <pytorch> <--work-dir> <a b> <--amp> '
    )
    done = torchrun('dist_test.sh', 'c.py', 'a b.pth', 3)
    assert done.stdout.endswith('/tools/test.py> <c.py> <a b.pth> <--launcher> <pytorch> ')


def test_two_jobs_on_a_machine_do_not_share_a_port(torchrun):
    def port_of(done):
        assert done.returncode == 0, done.stdout
        return re.search(r'<--master_port=(\d+)>', done.stdout).group(1)

    with socket.socket() as other_job:
        # Whether it or another program holds torchrun's own port, it is taken.
        with contextlib.suppress(OSError):
            other_job.bind(('', 29500))
            other_job.listen()
        assert port_of(torchrun('dist_train.sh', 'c.py', 1)) != '29500'
    with socket.socket() as other_job:
        other_job.bind(('', 0))
        other_job.listen()
        taken = str(other_job.getsockname()[1])
        for machines in ({}, dict(NNODES='2')):
            done = torchrun('dist_train.sh', 'c.py', 1, PORT=taken, **machines)
            assert done.returncode == 1 and f'Port {taken} cannot be used' in done.stdout
        # It is taken here, but need not be on the first machine.
        second = dict(NNODES='2', NODE_RANK='1')
        assert port_of(torchrun('dist_train.sh', 'c.py', 1, PORT=taken, **second)) == taken
    assert port_of(torchrun('dist_train.sh', 'c.py', 1, PORT=taken)) == taken
    assert torchrun('dist_train.sh', 'c.py', 1, PORT='many').returncode == 1


RANK = """
import os, sys, time
from pathlib import Path
from mmengine.config import Config
from mmaddp.run.launch import prepare_launch

prepare_launch(Config(dict(launcher='pytorch')))
Path(sys.argv[1], os.environ['RANK']).write_text(f'{os.getpid()} ')
time.sleep(200)
"""


@pytest.mark.parametrize('sent', ['SIGKILL', 'SIGUSR1'])
def test_ranks_end_with_torchrun(ready_python, tmp_path, port, sent):
    (tmp_path / 'rank.py').write_text(RANK)
    command = [ready_python, '-m', 'torch.distributed.run', '--master_port', port]
    command += ['--nproc_per_node', '2', tmp_path / 'rank.py', tmp_path]
    environment = ENVIRONMENT | dict(PYTHON_EXEC=str(ready_python))
    with subprocess.Popen(list(map(str, command)), cwd=ROOT, env=environment) as process:
        files = [tmp_path / str(rank) for rank in range(2)]
        while not all(file.exists() and file.read_text().endswith(' ') for file in files):
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(getattr(signal, sent))
        process.wait()
        for file in files:
            assert wait_for_end(int(file.read_text()))


def test_arrays_that_may_be_empty_are_safe_in_old_bash():
    """Bash before 4.4 takes an empty array for an unset one: ``set -u`` would end the script."""
    scripts = sorted((ROOT / 'tools').rglob('*.sh'))
    assert len(scripts) >= 8
    for script in scripts:
        text = script.read_text()
        for name in re.findall(r'^\s*(?:local )?(\w+)=\(\)$', text, re.MULTILINE):
            uses = re.findall(rf'"\$\{{{name}\[@\]\}}"', text)
            guarded = re.findall(rf'\$\{{{name}\[@\]\+"\$\{{{name}\[@\]\}}"\}}', text)
            assert len(uses) == len(guarded), f'{script}: {name}'


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
