"""Jobs of a real Slurm: a training that is preempted, its way back into the queue, a generation."""

import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from toy_cluster import toy_cluster, why_not
from waiting_toy import RELEASE, STEP, last_checkpoint, ready, waiting_toy

from mmaddp.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / 'examples' / 'slurm' / 'train.sbatch'
SECONDS = 150  # a step that takes longer is an error

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(why_not() is not None, reason=why_not() or ''),
]

# In place of Python: says how it was called, and waits for a signal.
FAKE = """#!/bin/bash
[ "$1" != - ] || exec {python} "$@"
echo "called: $*"
[ -z "$ENDS_WITH" ] || exit "$ENDS_WITH"
[ -n "$EARLY" ] || trap 'echo asked; exit 75' USR1 TERM
touch "waits-$SLURM_JOB_ID"
for i in $(seq 600); do sleep 0.1; done
"""


@pytest.fixture(scope='module')
def slurm(tmp_path_factory):
    """Environment of a Slurm with two nodes."""
    with toy_cluster(tmp_path_factory.mktemp('slurm')) as environment:
        yield environment


@pytest.fixture
def folder(tmp_path):
    """An empty folder that sees the tools."""
    (tmp_path / 'tools').symlink_to(ROOT / 'tools')
    return tmp_path


@pytest.fixture
def call(slurm, folder):
    """Run a command to its end; return what it prints."""

    def run(*command, **variables):
        done = subprocess.run(
            list(map(str, command)),
            cwd=folder,
            env=slurm | dict(OMP_NUM_THREADS='1', PYTHON=sys.executable, GRES='') | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


@pytest.fixture
def submit(call, folder):
    """Submit the example as a job with two tasks on one node; return the number of the job."""

    def run(*arguments, **variables):
        size = ['--nodes=1', '--ntasks-per-node=2', '--cpus-per-task=1', '--gres=none', '--time=5']
        printed = call(
            'sbatch', '--parsable', '--output=job.log', *size, EXAMPLE, *arguments, **variables
        )
        return printed.strip()

    return run


@pytest.fixture
def wait_for(folder):
    def run(condition):
        end = time.monotonic() + SECONDS
        while not condition():
            log = folder / 'job.log'
            assert time.monotonic() < end, log.read_text() if log.exists() else 'no output'
            time.sleep(0.1)

    return run


@pytest.fixture
def state_of(call):
    """What Slurm says about a job."""

    def run(job):
        words = call('scontrol', 'show', 'job', '-o', job).split()
        return dict(word.split('=', 1) for word in words if '=' in word)

    return run


def test_preempted_job_ends_as_if_undisturbed(call, submit, wait_for, state_of, folder):
    config = waiting_toy(folder)
    job = submit(*config, '--work-dir', 'preempted')
    wait_for(lambda: ready(folder))
    call('scancel', '--signal=USR1', job)
    time.sleep(1)
    (folder / RELEASE).touch()
    wait_for(lambda: 'goes back into the queue' in (folder / 'job.log').read_text())
    # While that job waits: the same training on two nodes, a process on each.
    name, *options = config
    arguments = ['toy', 'straight', name, 'straight', *options]
    two_nodes = dict(GPUS='2', GPUS_PER_NODE='1', CPUS_PER_TASK='1')
    call('bash', 'tools/slurm_train.sh', *arguments, **two_nodes)
    wait_for(lambda: state_of(job)['JobState'] == 'COMPLETED')
    assert state_of(job)['Restarts'] == '1'
    log = (folder / 'job.log').read_text()
    assert f'stops this run behind iteration {STEP + 2}. Saved as ' in log
    assert f'iter: {STEP + 2}' in log
    preempted, straight = (
        last_checkpoint(folder / name)['state_dict'] for name in ('preempted', 'straight')
    )
    assert preempted.keys() == straight.keys()
    for key, value in straight.items():
        assert torch.equal(preempted[key], value), key


def test_two_tasks_generate(call, folder):
    toy = ROOT / 'tests' / 'test_tools' / 'toy_addp.py'
    images = ROOT / 'configs' / '_base_' / 'generation' / 'images_from_seeds.py'
    (folder / 'generate.py').write_text(
        f'_base_ = [{str(toy)!r}, {str(images)!r}]\n'
        'test_dataloader = dict(batch_size=2, dataset=dict(num_images=5))\n'
        'test_cfg = dict(out_dir="out")\n'
    )
    model = Config.fromfile(toy).model
    for part in (model.target_generator.tokenizer, model.target_generator.token_predictor):
        part.init_cfg = None
    torch.save(dict(state_dict=MODELS.build(model).state_dict()), folder / 'addp.pth')
    small = dict(GPUS='2', CPUS_PER_TASK='1', PY_ARGS='--work-dir logs', SRUN_ARGS='--time=5')
    call('bash', 'tools/slurm_test.sh', 'toy', 'test', 'generate.py', 'addp.pth', **small)
    assert len(list((folder / 'out' / 'images').glob('*.png'))) == 5
    assert (folder / 'logs').is_dir()


@pytest.fixture
def fake(folder):
    python = folder / 'python'
    python.write_text(FAKE.format(python=shlex.quote(sys.executable)))
    python.chmod(0o755)
    return dict(PYTHON=str(python))


def test_what_a_batch_job_does_with_signals_and_failures(
    call, submit, wait_for, state_of, folder, fake
):
    log = folder / 'job.log'
    # Only the script is told, not the training; the training is told before it can save.
    for who, early in (('--batch', ''), ('--full', 'yes')):
        job = submit('c.py', EARLY=early, **fake)
        wait_for((folder / f'waits-{job}').exists)
        call('scancel', who, '--signal=USR1', job)
        wait_for(lambda: 'goes back into the queue' in log.read_text())
        wait_for(lambda job=job: state_of(job).get('Restarts') == '1')
        call('scancel', job)
        log.unlink()
    # Who takes a job back does not want it in the queue.
    job = submit('c.py', **fake)
    wait_for((folder / f'waits-{job}').exists)
    call('scancel', job)
    wait_for(lambda: state_of(job)['JobState'] == 'CANCELLED')
    assert 'goes back' not in log.read_text() and state_of(job)['Restarts'] == '0'
    # A mistake is not repeated.
    job = submit('c.py', ENDS_WITH='1', **fake)
    wait_for(lambda: state_of(job)['JobState'] == 'FAILED')
    assert state_of(job)['Restarts'] == '0'
