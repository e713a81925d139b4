import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def run(*command, cwd=None):
    """Run a command to its end and return what it has printed; fail with that if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope='session')
def source(tmp_path_factory):
    """A copy of the tracked files without the tests, and with a cache that must not be packed."""
    files = subprocess.run(
        ['git', 'ls-files', '-z'], cwd=REPOSITORY, capture_output=True, check=True, text=True
    ).stdout.split('\0')
    folder = tmp_path_factory.mktemp('source')
    for name in filter(None, files):
        origin = REPOSITORY / name
        if origin.is_file() and not name.startswith('tests/'):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(origin.read_bytes())
    (folder / 'configs' / '__pycache__').mkdir()
    (folder / 'configs' / '__pycache__' / 'left.pyc').write_bytes(b'')
    return folder


@pytest.fixture(scope='session')
def wheel(source, tmp_path_factory):
    """The wheel that pip builds, without a network."""
    folder = tmp_path_factory.mktemp('wheel')
    options = ('--quiet', '--no-deps', '--no-build-isolation', '--no-index')
    run(sys.executable, '-m', 'pip', 'wheel', *options, '--wheel-dir', folder, source)
    (file,) = folder.glob('*.whl')
    return file


@pytest.fixture(scope='session')
def packed(wheel, tmp_path_factory):
    """The content of the wheel."""
    folder = tmp_path_factory.mktemp('packed')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope='session')
def elsewhere(wheel, tmp_path_factory):
    """Python of an environment of its own in which pip has installed the wheel.

    Dependencies are those of the environment of the tests, whose folders come after its own.
    """
    folder = tmp_path_factory.mktemp('environment')
    run(sys.executable, '-m', 'venv', '--without-pip', folder)
    python = folder / 'bin' / 'python'
    options = ('--quiet', '--no-deps', '--no-index')
    run(sys.executable, '-m', 'pip', '--python', python, 'install', *options, wheel)
    (packages,) = folder.glob('lib/python*/site-packages')
    shared = [*site.getsitepackages(), site.getusersitepackages()]
    lines = [f'import site; site.addsitedir({place!r})' for place in shared]
    (packages / 'shared.pth').write_text('\n'.join(lines) + '\n')
    return python


@pytest.fixture
def train_elsewhere(elsewhere, tmp_path, monkeypatch):
    """Train by the tool of the installed wheel, in a folder outside the repository.

    Takes the configuration's name and overrides, returns what was printed.
    """
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    monkeypatch.delenv('PYTHONPATH', raising=False)

    def train(config, **overrides):
        where = 'import mmaddp; print(mmaddp.__path__[0])'
        package = Path(run(elsewhere, '-c', where, cwd=tmp_path).strip())
        assert package.is_relative_to(elsewhere.parents[1]), package
        options = [f'{key.replace("__", ".")}={value}' for key, value in overrides.items()]
        tool = package / '.mim' / 'tools' / 'train.py'
        return run(elsewhere, tool, config, '--cfg-options', *options, cwd=tmp_path)

    return train
