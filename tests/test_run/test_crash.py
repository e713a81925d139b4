"""Parts of the crash test: when it kills, and that it sees what differs."""

import json
from random import Random
from types import SimpleNamespace

import pytest
import torch

from mmaddp.run.crash import chains
from mmaddp.run.crash.comparison import differences
from mmaddp.run.crash.moments import Moment, choose_aims, read_moments
from mmaddp.run.crash.trainings import FORMS, toy_trainings
from mmaddp.run.toys import TOYS

MOMENTS = [
    Moment(float(4 * step + place), what, step)
    for step in range(12)
    for place, what in enumerate(('step', 'checkpoint', 'validation')[: 1 if step % 4 else 3])
]


def write_training(folder, change=lambda checkpoint, lines: None, cut=''):
    """Write what a training of two steps leaves behind."""
    weight = torch.tensor([1.0, float('nan')])
    checkpoint = dict(
        state_dict=dict(weight=weight),
        optimizer=dict(state={0: dict(exp_avg=weight / 3)}),
        ema_state_dict=dict(steps=torch.tensor(2)),
        param_schedulers=[dict(last_step=2, _last_lr=[0.1])],
        meta=dict(iter=2, time=f'{folder}', cfg=f'{folder}'),
    )
    lines = [dict(loss=0.5, lr=0.1, time=0.1, step=1), dict(loss=0.25, lr=0.1, step=2)]
    change(checkpoint, lines)
    (folder / '2026' / 'vis_data').mkdir(parents=True)
    torch.save(checkpoint, folder / 'iter_2.pth')
    text = ''.join(json.dumps(line) + '\n' for line in lines)
    (folder / '2026' / 'vis_data' / 'scalars.json').write_text(text + cut)
    return folder


def one_more_bit(tensor):
    return torch.nextafter(tensor, torch.tensor(10.0))


CHANGES = {
    'state_dict.weight': lambda c, _: c['state_dict'].update(
        weight=one_more_bit(c['state_dict']['weight'])
    ),
    'optimizer.state.0.exp_avg': lambda c, _: c['optimizer']['state'][0].update(
        exp_avg=c['optimizer']['state'][0]['exp_avg'].double()
    ),
    'ema_state_dict holds different keys': lambda c, _: c['ema_state_dict'].clear(),
    'param_schedulers.0.last_step is 3 instead of 2': lambda c, _: c['param_schedulers'][0].update(
        last_step=3
    ),
    'meta.iter': lambda c, _: c['meta'].update(iter=1),
    'log: training step 2.loss is 0.26 instead of 0.25': lambda _, lines: lines[1].update(
        loss=0.26
    ),
    'log: training step 1 is missing': lambda _, lines: lines.pop(0),
    'log: training step 3 is there': lambda _, lines: lines.append(dict(loss=0.2, step=3)),
    'log: training step 1.loss is 0.4 instead of 0.5': lambda _, lines: lines.append(
        dict(loss=0.4, lr=0.1, time=0.2, step=1)
    ),
}


@pytest.mark.parametrize('text', CHANGES)
def test_one_difference_is_seen(text, tmp_path):
    one = write_training(tmp_path / 'one')
    (found,) = differences(one, write_training(tmp_path / 'other', CHANGES[text]))
    assert text in found


def test_times_repeated_lines_and_a_line_cut_by_the_kill_are_no_difference(tmp_path):
    def again(checkpoint, lines):
        lines.append({**lines[0], 'time': 0.3})

    one = write_training(tmp_path / 'one')
    other = write_training(tmp_path / 'other', again, cut='{"loss": 0.')
    assert not list(differences(one, other))


def test_a_missing_checkpoint_is_seen(tmp_path):
    one, other = (write_training(tmp_path / name) for name in ('one', 'other'))
    (other / 'iter_2.pth').rename(other / 'iter_1.pth')
    assert list(differences(one, other)) == ["checkpoints ['iter_1.pth'] instead of ['iter_2.pth']"]


@pytest.mark.parametrize('number', [1, 3, 5])
def test_kills_follow_one_another_and_take_turns(number):
    aims = choose_aims(MOMENTS, number, 0, Random(0))
    assert len(aims) == number
    assert [aim.iteration for aim in aims] == sorted(aim.iteration for aim in aims)
    if number >= 3:
        assert {aim.what for aim in aims} == {'step', 'checkpoint', 'validation'}
    assert aims == choose_aims(MOMENTS, number, 0, Random(0))
    assert aims != choose_aims(MOMENTS, number, 0, Random(1))


def test_a_training_without_validation_is_killed_at_steps():
    steps = [moment for moment in MOMENTS if moment.what == 'step']
    assert {aim.what for aim in choose_aims(steps, 4, 2, Random(0))} == {'step'}


def test_an_unfinished_line_is_no_moment_yet(tmp_path):
    assert read_moments(tmp_path / 'moments.txt') == []
    (tmp_path / 'moments.txt').write_text('1.5 training 0\n2.25 step 0\n3.7 st')
    assert read_moments(tmp_path / 'moments.txt') == [(1.5, 'training', 0), (2.25, 'step', 0)]


def test_few_kills_meet_every_kind_and_every_form():
    first = [training.name for training in toy_trainings('data')[: len(TOYS)]]
    assert [name.partition(',')[0] for name in first] == list(TOYS)
    assert {name.partition(', ')[2] for name in first} == set(map(str, FORMS))
    assert len({training.name for training in toy_trainings('data')}) == len(TOYS) * len(FORMS)


def test_a_command_that_ended_too_early_is_killed_sooner(tmp_path):
    """It begins again as it was; what it did meanwhile is forgotten."""
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'kept').touch()
    delays = []

    def until(stage, delay):
        delays.append(delay)
        assert [file.name for file in (tmp_path / 'out').iterdir()] == ['kept']
        (tmp_path / 'out' / 'done').touch()
        if len(delays) < 3:
            raise chains.TooLateError
        return f'killed in {stage}'

    run = SimpleNamespace(out=tmp_path / 'out', until=until)
    assert chains._killed(run, 'report', 1.6) == 'killed in report'
    assert delays == [1.6, 0.4, 0.1]


def test_a_stage_that_ended_was_not_killed(tmp_path):
    stages = 'print("== stage 1 of 2: a ...\\n== stage 2 of 2: b ...", flush=True)'
    run = chains.ChainRun(['-c', f'import time; {stages}; time.sleep(60)', str(tmp_path / 'out')])
    run.output.touch()
    with pytest.raises(chains.TooLateError, match=r'^a ended before it was killed'):
        run.until('a', 0)
    assert run.until('b', 0).startswith('b, killed')
