"""Shared by the tests that need a fresh interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def run_python(tmp_path):
    """Run a piece of code in a new interpreter, from an empty folder; return what it prints."""

    def run(code, extra_path=()):
        path = [*map(str, extra_path), str(REPOSITORY), os.environ.get('PYTHONPATH', '')]
        environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, path))}
        folder = tmp_path / 'elsewhere'
        folder.mkdir(exist_ok=True)
        result = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c', code],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    return run
