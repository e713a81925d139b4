import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='session')
def built(tmp_path_factory):
    """The package as it goes into a wheel, built from a copy of the tracked files."""
    files = subprocess.run(
        ['git', 'ls-files', '-z'], cwd=REPOSITORY, capture_output=True, check=True, text=True
    ).stdout.split('\0')
    source = tmp_path_factory.mktemp('source')
    for name in filter(None, files):
        origin = REPOSITORY / name
        if origin.is_file() and not name.startswith('tests/'):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(origin.read_bytes())
    (source / 'configs' / '__pycache__').mkdir()
    (source / 'configs' / '__pycache__' / 'left.pyc').write_bytes(b'')
    subprocess.run(
        [sys.executable, 'setup.py', '-q', 'build_py', '--build-lib', 'lib'],
        cwd=source,
        check=True,
        capture_output=True,
    )
    return source
