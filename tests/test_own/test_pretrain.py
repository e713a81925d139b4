"""The whole command on small pictures: killed in a stage, continued, refused for another plan."""

import json
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image
from test_own.own_pictures import write_shapes
from test_own.test_plan import wishes

from mmaddp.own import pretrain as own
from mmaddp.own.plan_time import Cost
from mmaddp.own.stage import StageFailed

TOOL = Path(__file__).parents[2] / 'tools' / 'pretrain.py'
ASKED = ('--budget', '60s', '--device', 'cpu')


@pytest.fixture
def fixed_costs(monkeypatch):
    """Costs of steps that do not depend on what else the machine does."""
    monkeypatch.setattr(own, 'measure', lambda *args: Cost(0.1, 0.5))


def plan_only(images, out, **changes):
    own.pretrain(images, out, wishes(**dict(budget=60.0) | changes), only_plan=True)


def start(python, images, out, *arguments):
    command = [python, TOOL, images, '--out', out, *ASKED, *arguments]
    return subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def wait_for(file, process):
    for _ in range(1200):
        if file.exists():
            return
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.1)
    raise AssertionError(f'{file} does not appear')


@pytest.mark.slow
def test_killed_continued_and_reported(ready_python, tmp_path, fixed_costs):
    images, out = write_shapes(tmp_path / 'my pictures', mode='L'), tmp_path / 'my model'
    plan_only(images, out)
    with start(ready_python, images, out) as process:
        wait_for(out / 'stages' / 'tokens.json', process)
        process.kill()
    tokens = (out / 'stages' / 'tokens.json').stat().st_mtime_ns
    with start(ready_python, images, out) as process:
        output = process.communicate()[0]
    assert process.returncode == 0, output
    assert 'stage 3 of 6: tokens is done' in output and 'stage 4 of 6: predictor ...' in output
    assert (out / 'stages' / 'tokens.json').stat().st_mtime_ns == tokens
    check_report(out)
    command = re.search(r'^New pictures: mmaddp generate (.*)$', output, re.MULTILINE)[1]
    assert all(Path(word).is_file() for word in shlex.split(command)[:2])
    (out / 'configs' / 'addp.py').write_text('# changed\n')
    with pytest.raises(ValueError, match='was changed after its stage had finished'):
        own.pretrain(images, out, wishes(budget=60.0))


def check_report(out):
    page = (out / 'report.html').read_text()
    assert page.count('src="data:image/png;base64,') == 7 and 'http' not in page
    text = (out / 'report.md').read_text()
    for link in re.findall(r'!\[.*\]\((.+)\)', text):
        Image.open(out / link).verify()
    assert len(list((out / 'report' / 'samples').glob('*.png'))) == 64
    assert 'ADDP, mean of the patches' in text
    figures = json.loads((out / 'stages' / 'report.json').read_text())['figures']
    assert 0 < figures['likeness'] < 10 and 0 <= figures['knn_addp'] <= 1


def test_plan_is_written_and_kept(tmp_path, fixed_costs, capsys):
    images, out = write_shapes(tmp_path / 'in', 40), tmp_path / 'out'
    plan_only(images, out)
    first = capsys.readouterr().out
    for word in ('40 PNG, colour', 'token grid', '100 ms per step', 'without --plan'):
        assert word in first
    assert Image.open(out / 'augmented.png').size == (8 * 34 + 2, 5 * 34 + 2)
    config = out / 'configs' / 'tokenizer.py'
    config.write_text(config.read_text() + '# mine\n')
    plan_only(images, out)
    assert '# mine' in config.read_text(), 'what the user writes is kept'
    (out / 'configs' / 'addp.py').unlink()
    plan_only(images, out)
    assert (out / 'configs' / 'addp.py').is_file()


def test_another_plan_is_refused_and_nothing_lost(tmp_path, fixed_costs):
    images, out = write_shapes(tmp_path / 'in', 40), tmp_path / 'out'
    plan_only(images, out)
    before = (out / 'plan.json').read_bytes()
    with pytest.raises(ValueError, match=r'another plan: budget is 90\.0, there 60\.0'):
        plan_only(images, out, budget=90.0)
    write_shapes(tmp_path / 'in', 42)
    with pytest.raises(ValueError, match='the pictures have changed'):
        plan_only(images, out)
    assert (out / 'plan.json').read_bytes() == before
    (out / 'plan.json').write_text('{')
    with pytest.raises(ValueError, match=r'plan\.json is damaged'):
        plan_only(images, out)


def test_folders_of_others_and_among_the_pictures_are_refused(tmp_path):
    images = write_shapes(tmp_path / 'in', 20)
    for out in (images, images / 'out', tmp_path):
        with pytest.raises(ValueError, match='lies in the folder of the pictures'):
            plan_only(images, out)
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other' / 'thesis.txt').write_text('all of it')
    with pytest.raises(FileExistsError, match='was not made by pretrain'):
        plan_only(images, tmp_path / 'other')


def test_a_budget_that_is_too_small_says_what_is_needed(tmp_path, fixed_costs):
    images = write_shapes(tmp_path / 'in', 40)
    with pytest.raises(ValueError, match=r'budget of 20s is too small.*at least \d\d s'):
        plan_only(images, tmp_path / 'out', budget=20.0)


def test_a_full_disk_is_noticed_before(tmp_path, fixed_costs, monkeypatch):
    images, out = write_shapes(tmp_path / 'in', 40), tmp_path / 'out'
    monkeypatch.setattr(own, 'space_needed', lambda *args: 10**18)
    with pytest.raises(OSError, match='are free on this disk'):
        plan_only(images, out)
    assert not (out / 'plan.json').exists()


@pytest.mark.parametrize(
    'figures, message',
    [
        (dict(psnr=12.5, psnr_flat=13.0, usage=1.0), r'12\.5 dB .* mean colours, 13\.0'),
        (dict(psnr=float('nan'), psnr_flat=12.0, usage=1.0), 'nan dB'),
        (dict(psnr=20.0, psnr_flat=12.0, usage=0.1), r'10% of its codes .* collapsed'),
    ],
)
def test_a_tokenizer_that_says_nothing_stops_the_chain(tmp_path, figures, message):
    from mmaddp.own.judge import check_tokenizer

    with pytest.raises(StageFailed, match=message):
        check_tokenizer(figures, tmp_path)
    check_tokenizer(dict(psnr=20.0, psnr_flat=12.0, usage=0.5), tmp_path)
