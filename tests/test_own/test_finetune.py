"""The whole command on tiny labelled pictures, for each task: killed, continued, used."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_own.labelled_shapes import save_encoder, write_coco, write_maps
from test_own.own_pictures import write_shapes

import mmaddp
from mmaddp.own.finetuning import finetune as own
from mmaddp.own.finetuning.plan import Cost, Wishes

TOOL = Path(__file__).parents[2] / 'tools' / 'finetune.py'
WRITERS = dict(
    classify=lambda folder: write_shapes(folder, 20),
    detect=lambda folder: write_coco(folder, masks=True),
    segment=write_maps,
)


@pytest.fixture
def fixed_costs(monkeypatch, ready_python):
    """Costs that do not depend on what else the machine does, and make the training short."""
    monkeypatch.setattr(sys, 'executable', str(ready_python))  # of stages
    monkeypatch.setattr(own, 'measure', lambda *args: Cost(1.0, 0.1, 1.0, 0.5))


def wishes(task, start, **changes):
    settings = dict(task=task, start=str(start), budget=40.0, device='cpu', seed=0)
    return Wishes(**settings | changes)


def start(python, data, out, model, task):
    options = ('--task', task, '--from', model, '--out', out, '--budget', '40s', '--device', 'cpu')
    command = [python, TOOL, data, *options]
    return subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def check_report(out, figures):
    page = (out / 'report.html').read_text()
    assert page.count('src="data:image/png;base64,') == 2 and 'http' not in page
    text = (out / 'report.md').read_text()
    for word in (*figures, 'held-out pictures, last checkpoint, one run, seed 0'):
        assert word in text
    assert json.loads((out / 'stages' / 'report.json').read_text())['figures'] == {}


@pytest.mark.slow
def test_a_classifier_is_killed_continued_and_used(ready_python, tmp_path, fixed_costs, capsys):
    data, model, out = tmp_path / 'my data', save_encoder(tmp_path / 'model'), tmp_path / 'my out'
    write_shapes(data, 20)
    own.finetune(data, out, wishes('classify', model), only_plan=True)
    with start(ready_python, data, out, model, 'classify') as process:
        for line in process.stdout:
            if 'stage 1 of 2: train ...' in line:
                break
        while not (out / 'train').exists() and process.poll() is None:
            time.sleep(0.05)
        process.kill()
    with start(ready_python, data, out, model, 'classify') as process:
        output = process.communicate()[0]
    assert process.returncode == 0, output
    check_report(out, ('accuracy, %', 'always the most frequent class', '| disc |'))
    source, method, picture = re.search(
        r"^In Python: mmaddp\.load\('(.*)'\)\.(\w+)\('(.*)'\)$", output, re.MULTILINE
    ).groups()
    (found,) = getattr(mmaddp.load(source), method)(picture)
    assert found['pred_class'] in ('box', 'disc') and Path(found['path']) == Path(picture)
    capsys.readouterr()
    own.finetune(data, out, wishes('classify', model))
    output = capsys.readouterr().out
    assert 'stage 1 of 2: train is done' in output and 'stage 2 of 2: report is done' in output
    (out / 'configs' / 'finetune.py').write_text('# changed\n')
    with pytest.raises(ValueError, match='was changed after its stage had finished'):
        own.finetune(data, out, wishes('classify', model))


@pytest.mark.slow
@pytest.mark.parametrize(
    'task, figures',
    [('detect', ('box AP', 'mask AP', 'objects with masks')), ('segment', ('mIoU, %', 'class_2'))],
)
def test_a_detector_and_a_segmentor(tmp_path, fixed_costs, capsys, task, figures):
    data, model, out = tmp_path / 'data', save_encoder(tmp_path / 'model'), tmp_path / 'out'
    own.finetune(WRITERS[task](data), out, wishes(task, model))
    check_report(out, figures)
    assert f".{task}('" in capsys.readouterr().out


def test_another_plan_is_refused(tmp_path, fixed_costs):
    data, model, out = tmp_path / 'data', save_encoder(tmp_path / 'model'), tmp_path / 'out'
    write_shapes(data, 20)
    own.finetune(data, out, wishes('classify', model), only_plan=True)
    config = out / 'configs' / 'finetune.py'
    config.write_text(config.read_text() + '# mine\n')
    own.finetune(data, out, wishes('classify', model), only_plan=True)
    assert '# mine' in config.read_text(), 'what the user writes is kept'
    with pytest.raises(ValueError, match=r'another plan: budget is 90\.0, there 40\.0'):
        own.finetune(data, out, wishes('classify', model, budget=90.0))
    write_shapes(data, 22)
    with pytest.raises(ValueError, match='the pictures have changed'):
        own.finetune(data, out, wishes('classify', model))
    with pytest.raises(FileExistsError, match='was not made by finetune'):
        own.finetune(data, model, wishes('classify', model))


def test_a_budget_that_is_too_small_leaves_nothing_that_looks_planned(tmp_path, fixed_costs):
    data, model, out = tmp_path / 'data', save_encoder(tmp_path / 'model'), tmp_path / 'out'
    write_shapes(data, 20)
    with pytest.raises(ValueError, match=r'--budget of 5 s is too small.*at least 2\d s'):
        own.finetune(data, out, wishes('classify', model, budget=5.0))
    assert not (out / 'plan.json').exists() and not (out / 'configs' / 'finetune.py').exists()
    own.finetune(data, out, wishes('classify', model), only_plan=True)


def test_what_is_no_pre_training_is_refused(tmp_path):
    data, model = write_shapes(tmp_path / 'data', 20), save_encoder(tmp_path / 'model')
    (model / 'addp' / 'addp.py').write_text("model = dict(type='ImageClassifier')\n")
    with pytest.raises(ValueError, match='is a model of the type ImageClassifier'):
        own.finetune(data, tmp_path / 'out', wishes('classify', model))
    with pytest.raises(ValueError, match='--annotations is for --task detect'):
        own.finetune(data, tmp_path / 'out', wishes('classify', model, annotations='a.json'))
