"""The whole chain for a few iterations: every stage, every tool between them, the report."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from test_tools.quickstart_parts import ROOT, STAGES, quickstart

pytestmark = pytest.mark.slow

NAMES = [stage.name for stage in STAGES]


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """A finished run in a folder whose name holds what a command line may stumble over."""
    folder = tmp_path_factory.mktemp('quick') / 'my run, [lr=1]'
    result = quickstart(folder, '--smoke')
    assert result.returncode == 0, result.stdout + result.stderr
    return folder, result.stdout


def test_every_stage_leaves_its_figures(finished):
    folder, output = finished
    for number, name in enumerate(NAMES, 1):
        place = folder if name == 'data' else folder / 'seed0'
        outcome = json.loads((place / name / 'stage.json').read_text())
        assert outcome['seconds'] > 0 and outcome['figures']
        assert re.search(rf'^\| {name} \| \d+ s \| ', output, re.MULTILINE)
        assert f'== stage {number} of {len(NAMES)}: {name} ...\n' in output
    assert re.search(r'^\| total \| (\d+ min )?\d+ s \| \|$', output, re.MULTILINE)
    assert "{'" not in output


def test_last_line_is_what_to_do_next(finished):
    folder, output = finished
    line = output.rstrip().splitlines()[-1]
    assert line.startswith(f'Next, in {ROOT}: ') and 'tools/generate.py' in line
    checkpoint = folder / 'seed0' / 'addp' / 'epoch_1.pth'
    assert checkpoint.is_file() and f"'{checkpoint}'" in line
    if sys.prefix != sys.base_prefix:
        assert re.search(r'source \S+/bin/activate && ', line)


def test_generated_images(finished):
    folder = finished[0] / 'seed0' / 'generate' / 'trained'
    files = sorted((folder / 'images').iterdir())
    assert [file.name for file in files] == [f'{index:06d}.png' for index in range(16)]
    assert {Image.open(file).size for file in files} == {(32, 32)}
    assert Image.open(folder / 'grid.png').size == (4 * 66 + 2, 4 * 66 + 2)


def test_report_shows_its_pictures(finished):
    folder = finished[0]
    report = (folder / 'report.md').read_text()
    pictures = re.findall(r'!\[.*\]\((.+)\)', report)
    assert len(pictures) == sum(len(stage.pictures) for stage in STAGES)
    for picture in pictures:
        Image.open(folder / picture).verify()
    assert 'smoke run' in report


def test_finished_stages_are_left_alone(finished):
    folder = finished[0]
    before = (folder / 'seed0' / 'addp' / 'stage.json').stat().st_mtime_ns
    for option in ('--only', '--from'):
        result = quickstart(folder, '--smoke', option, 'report')
        assert result.returncode == 0, result.stderr
    assert (folder / 'seed0' / 'addp' / 'stage.json').stat().st_mtime_ns == before


def test_stage_without_the_stages_before(tmp_path):
    result = quickstart(tmp_path, '--smoke', '--only', 'addp')
    assert result.returncode == 1
    assert 'run --from tokenizer' in result.stderr and 'Traceback' not in result.stderr


@pytest.mark.parametrize('script', ['quickstart', 'run_tests', 'setup/setup_env'])
def test_scripts_explain_themselves(script):
    result = subprocess.run(
        ['bash', Path(ROOT, 'tools', f'{script}.sh'), '--help'], capture_output=True, text=True
    )
    assert result.returncode == 0 and f'bash tools/{script}.sh' in result.stdout
