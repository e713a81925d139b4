"""Commands of several stages end as if nobody had killed them; the crash test sees what differs."""

import json
import shutil

import pytest

from mmaddp.run.crash.chains import ChainRun, chain_differences, kill_chain, plan_chain
from mmaddp.run.crash.commands import command_words
from mmaddp.run.toys import make_toy_data

EPOCHS = 3


@pytest.mark.slow
def test_a_fine_tuning_that_is_killed_ends_with_the_same_files(tmp_path, ready_python, monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    words = command_words('finetune', make_toy_data(tmp_path / 'data'), tmp_path)
    run = ChainRun(words, ready_python)
    run.to_the_end('--plan')
    shorten(run.out)
    plan_chain(run)
    outcome = kill_chain('finetune', run, 2, 0)
    assert outcome.equal, outcome
    assert [kill.partition(',')[0] for kill in outcome.kills] == ['train', 'report']
    undisturbed = run.out.with_name('undisturbed')
    assert len(list((undisturbed / 'report').rglob('*.png'))) > 2
    spoil(run.out)
    assert list(chain_differences(undisturbed, run.out)) == [
        'report/curves.png is missing',
        'data/train.txt has another content',
        'report.md has another content',
        'stages/train.json has another content',
    ]


def shorten(out):
    """Plan some epochs only; configurations that are absent are written by the plan."""
    plan = json.loads((out / 'plan.json').read_text())
    plan['plan']['epochs'] = EPOCHS
    (out / 'plan.json').write_text(json.dumps(plan))
    shutil.rmtree(out / 'configs')


def spoil(out):
    (out / 'report' / 'curves.png').unlink()
    for name in ('data/train.txt', 'report.md'):
        file = out / name
        file.write_text(file.read_text() + 'x')
    file = out / 'stages' / 'train.json'
    result = json.loads(file.read_text())
    result['figures'] = dict.fromkeys(result['figures'], -1)
    file.write_text(json.dumps(result))
