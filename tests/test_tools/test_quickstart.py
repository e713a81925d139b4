"""The whole chain for a few iterations: every stage, every tool between them, the report."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
CHAIN = ('data', 'tokenizer', 'predictor', 'addp', 'generate', 'judge', 'scores')
STAGES = (*CHAIN, 'classification', 'detection', 'segmentation')


sys.path.insert(0, str(ROOT / 'tools'))
from stages.run import Figure  # noqa: E402
from stages.stages import STAGES as ALL_STAGES  # noqa: E402


def quickstart(folder, *arguments):
    command = [
        sys.executable,
        'tools/quickstart/quickstart.py',
        '--smoke',
        '--work-dir',
        str(folder),
    ]
    return subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp('quickstart')
    result = quickstart(folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder, result.stdout


def test_every_stage_leaves_its_figures(finished):
    folder, output = finished
    for stage in STAGES:
        place = folder if stage == 'data' else folder / 'seed0'
        outcome = json.loads((place / stage / 'stage.json').read_text())
        assert outcome['seconds'] > 0 and outcome['figures']
        assert re.search(rf'^\| {stage} \| \d+ s \| ', output, re.MULTILINE)


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
    assert len(pictures) == sum(len(stage.pictures) for stage in ALL_STAGES)
    for picture in pictures:
        Image.open(folder / picture).verify()
    assert 'smoke run' in report


def test_finished_stages_are_left_alone(finished):
    folder = finished[0]
    before = (folder / 'seed0' / 'addp' / 'stage.json').stat().st_mtime_ns
    result = quickstart(folder, '--only', 'report')
    assert result.returncode == 0, result.stderr
    result = quickstart(folder, '--from', 'report')
    assert result.returncode == 0, result.stderr
    assert (folder / 'seed0' / 'addp' / 'stage.json').stat().st_mtime_ns == before


def test_stage_without_the_stages_before(tmp_path):
    result = quickstart(tmp_path, '--only', 'addp')
    assert result.returncode == 1
    assert 'run --from tokenizer' in result.stderr and 'Traceback' not in result.stderr


def test_figures_are_held_against_their_limits():
    share = Figure('accepted', '{:.1%}', at_least=0.6)
    assert share.describe([0.7], smoke=False) == 'accepted 70.0% (ok, needed 60.0%)'
    assert 'MISSED, needed 60.0%' in share.describe([0.5], smoke=False)
    assert share.describe([0.5], smoke=True) == 'accepted 50.0%'
    rest = Figure('accepted', '{:.1%}', at_most=0.05)
    assert rest.describe([0.0, 0.04], smoke=False).endswith('2.0% ± 2.8% (ok, needed at most 5.0%)')
    assert 'MISSED' in rest.describe([0.06], smoke=False)
    assert Figure('loss', '{:.3f}').describe([2], smoke=False) == 'loss 2.000'
