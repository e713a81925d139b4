"""Messages of the set-up scripts when they cannot go on. Nothing is installed here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path):
    """The scripts and requirements alone, in a folder without an environment, with a blank."""
    tmp_path = tmp_path / 'my clone'
    for name in ('tools', 'requirements'):
        shutil.copytree(
            REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns('__pycache__')
        )
    shutil.copy(REPOSITORY / 'setup.py', tmp_path)
    return tmp_path


@pytest.fixture
def run_script(clone):
    """Run a script with stand-ins for programs, put in front of the real ones."""

    def run(script, *arguments, programs=(), **variables):
        folder = clone / 'programs'
        folder.mkdir(exist_ok=True)
        for name, text in dict(programs).items():
            (folder / name).write_text(f'#!/bin/sh\n{text}\n')
            (folder / name).chmod(0o755)
        environment = {**os.environ, 'PATH': f'{folder}:{os.environ["PATH"]}', **variables}
        environment.pop('PYTHON', None)
        environment.update({k: v for k, v in variables.items() if k == 'PYTHON'})
        return subprocess.run(
            ['bash', str(clone / 'tools' / script), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    return run


OLD_PYTHON = 'case "$*" in *--version*) echo Python 3.8.1;; esac; exit 1'
FULL_DISK = 'echo head; echo "/dev/x 100 90 1048576 90% /"'
# A Python without torch whose venv makes a folder and whose pip finds no package.
NO_REGISTRY = """
case "$*" in
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-c import torch"*) exit 1 ;;
  "-m pip "*) echo "ERROR: No matching distribution found for torch" >&2; exit 1 ;;
esac
"""


@pytest.mark.parametrize('script', ['run_tests.sh', 'quickstart.sh'])
@pytest.mark.parametrize('arguments', [[], ['--no-venv']])
def test_old_python(run_script, script, arguments):
    result = run_script(script, *arguments, programs={'old': OLD_PYTHON}, PYTHON='old')
    assert result.returncode == 1
    assert 'Python 3.10 or newer is needed' in result.stderr
    assert 'Python 3.8.1' in result.stderr


@pytest.mark.parametrize('script', ['run_tests.sh', 'quickstart.sh'])
def test_full_disk(run_script, clone, script):
    programs = {'df': FULL_DISK, 'young': NO_REGISTRY}
    result = run_script(script, programs=programs, PYTHON='young')
    assert result.returncode == 1
    assert 'Not enough disk space' in result.stderr
    assert '1 GB free' in result.stderr


@pytest.mark.parametrize('script', ['run_tests.sh', 'quickstart.sh'])
def test_package_cannot_be_had(run_script, clone, script):
    plenty = FULL_DISK.replace('1048576', '1048576000')
    programs = {'df': plenty, 'young': NO_REGISTRY}
    result = run_script(script, programs=programs, PYTHON='young')
    assert result.returncode == 1
    assert 'No matching distribution found for torch' in result.stderr
    assert not (clone / '.venv' / 'complete').exists()


@pytest.mark.parametrize('programs', ['programs', 'my programs'])
def test_blanks_in_the_names_of_clone_and_python(run_script, clone, programs):
    """All that is there counts as complete; the quickstart gets its arguments as they were."""
    says = 'case "$*" in *quickstart.py*) printf "<%s> " "$@" ;; *print\\(sys*) echo 3 ;;'
    folder = clone / programs
    folder.mkdir(exist_ok=True)
    python = folder / 'young'
    python.write_text(f'#!/bin/sh\n{says} esac\n')
    python.chmod(0o755)
    arguments = ('--smoke', '--work-dir', 'a folder, [x=1]')
    (clone / '.venv' / 'bin').mkdir(parents=True)
    (clone / '.venv' / 'bin' / 'python').symlink_to(python)
    pip = dict(df=FULL_DISK.replace('1048576', '1048576000'))
    result = run_script('quickstart.sh', *arguments, programs=pip, PYTHON=str(python))
    assert result.returncode == 0, result.stderr
    expected = 'tools/quickstart/quickstart.py> <--smoke> <--work-dir> <a folder, [x=1]> '
    assert result.stdout.endswith(expected)


def test_folder_that_the_scripts_have_not_made_stays(run_script, clone):
    (clone / '.venv').mkdir()
    (clone / '.venv' / 'mine.txt').write_text('keep')
    result = run_script('quickstart.sh', programs={'young': NO_REGISTRY}, PYTHON='young')
    assert result.returncode == 1 and 'not made by this script' in result.stderr
    assert (clone / '.venv' / 'mine.txt').read_text() == 'keep'


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--family', 'other'], "not 'other'"),
        (['--family', 'both', '--no-venv'], 'one Python cannot hold both families'),
        (['-k', 'name'], 'unknown argument: -k'),
    ],
)
def test_wrong_arguments(run_script, arguments, message):
    result = run_script('run_tests.sh', *arguments)
    assert result.returncode == 1
    assert message in result.stderr


@pytest.mark.parametrize(
    ('script', 'said'),
    [
        ('run_tests.sh', '--family onedl|upstream|both'),
        ('quickstart.sh', '--from STAGE'),
        ('setup/setup_env.sh', 'setup_env.sh upstream'),
    ],
)
def test_help(run_script, clone, script, said):
    result = run_script(script, '--help')
    assert result.returncode == 0 and said in result.stdout
    assert not list(clone.glob('.venv*'))


def test_environment_alone(run_script):
    result = run_script('setup/setup_env.sh', 'other')
    assert result.returncode == 1 and 'unknown argument: other' in result.stderr
    result = run_script('setup/setup_env.sh', programs={'old': OLD_PYTHON}, PYTHON='old')
    assert result.returncode == 1 and 'Python 3.10 or newer is needed' in result.stderr
