"""The whole chain for a few iterations: every stage, every tool between them, the report."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from test_tools.quickstart_parts import ROOT, main_script, quickstart, stages

import mmaddp

pytestmark = pytest.mark.slow

STAGES = stages.all_stages(smoke=True)


@pytest.fixture(scope='module')
def finished(tmp_path_factory, ready_python):
    """A finished run in a folder whose name holds what a command line may stumble over."""
    folder = tmp_path_factory.mktemp('quick') / 'my run, [lr=1]'
    result = quickstart(folder, '--smoke', python=ready_python)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder, result.stdout


def test_stages_are_those_of_the_command_line():
    names = [stage.name for stage in STAGES]
    assert names == list(main_script.NAMES)
    assert names == [stage.name for stage in stages.all_stages(smoke=False)]


def test_every_stage_leaves_its_figures(finished):
    folder, output = finished
    for number, stage in enumerate(STAGES, 1):
        result = json.loads((folder / 'seed0' / 'stages' / f'{stage.name}.json').read_text())
        assert result['seconds'] > 0 and result['figures'].keys() >= stage.figures.keys()
        assert re.search(rf'^\| {stage.name} \| (\d+ min )?\d+ s \| ', output, re.MULTILINE)
        assert f'== stage {number} of {len(STAGES)}: {stage.name} ...' in output
    assert re.search(r'^\| total of a seed \| (\d+ min )?\d+ s \|', output, re.MULTILINE)
    assert "{'" not in output and 'MISSED' not in output


def test_last_line_is_what_to_do_next(finished):
    folder, output = finished
    line = output.rstrip().splitlines()[-1]
    checkpoint = folder / 'seed0' / 'addp' / 'epoch_1.pth'
    assert line.startswith('Next: ') and f"mmaddp generate '{folder}" in line
    assert checkpoint.is_file() and f"'{checkpoint}'" in line


def test_the_result_is_loaded_by_its_folder(finished):
    model = mmaddp.load(finished[0] / 'seed0', device='cpu')
    assert model.generate(2).shape == (2, 3, 32, 32)


def test_generated_images(finished):
    folder = finished[0] / 'seed0' / 'judge'
    for name in ('generated', 'known', 'untrained'):
        files = sorted((folder / name).iterdir())
        assert [file.name for file in files] == [f'{index:04d}.png' for index in range(16)]
        assert {Image.open(file).size for file in files} == {(32, 32)}


def test_report_shows_its_pictures(finished):
    folder = finished[0]
    report = (folder / 'report.md').read_text()
    pictures = re.findall(r'!\[.*\]\((.+)\)', report)
    assert len(pictures) == sum(len(stage.pictures) for stage in STAGES) >= 9
    for picture in pictures:
        Image.open(folder / picture).verify()
    assert 'Smoke run' in report
    page = (folder / 'report.html').read_text()
    assert page.count('data:image/png;base64,') == len(pictures) and 'http' not in page


def test_finished_stages_are_left_alone(finished, ready_python):
    folder = finished[0]
    results = {stage.name: folder / 'seed0' / 'stages' / f'{stage.name}.json' for stage in STAGES}
    before = {name: file.stat().st_mtime_ns for name, file in results.items()}
    result = quickstart(folder, '--smoke', '--only', 'scores', python=ready_python)
    assert result.returncode == 0, result.stderr
    after = {name: file.stat().st_mtime_ns for name, file in results.items()}
    assert [name for name in after if after[name] != before[name]] == ['scores']


def test_stage_without_the_stages_before(tmp_path, ready_python):
    result = quickstart(tmp_path, '--smoke', '--only', 'judge', python=ready_python)
    assert result.returncode == 1
    assert 'addp holds no checkpoint' in result.stderr and 'Traceback' not in result.stderr


@pytest.mark.parametrize('script', ['quickstart', 'run_tests', 'setup/setup_env'])
def test_scripts_explain_themselves(script):
    result = subprocess.run(
        ['bash', Path(ROOT, 'tools', f'{script}.sh'), '--help'], capture_output=True, text=True
    )
    assert result.returncode == 0 and f'bash tools/{script}.sh' in result.stdout
