"""Limits of figures, and what the quickstart deletes, with stages that do nothing."""

import json
import sys

import pytest
from test_tools.quickstart_parts import MAKER, Figure, Run, Stage, main_script, quickstart

from mmaddp.utils.own_folders import MARK, claim_folder


def test_figures_are_held_against_their_limits():
    share = Figure('accepted', '{:.1%}', at_least=0.6)
    assert share.describe([0.7], smoke=False) == 'accepted 70.0% (ok, needed 60.0%)'
    assert 'MISSED, needed 60.0%' in share.describe([0.5], smoke=False)
    assert 'MISSED' in share.describe([float('nan')], smoke=False)
    assert share.describe([0.5], smoke=True) == 'accepted 50.0%'
    rest = Figure('accepted', '{:.1%}', at_most=0.05)
    assert rest.describe([0.0, 0.04], smoke=False).endswith('2.0% ± 2.8% (ok, needed at most 5.0%)')
    assert 'MISSED' in rest.describe([0.06], smoke=False)
    assert Figure('loss', '{:.3f}').describe([2], smoke=False) == 'loss 2.000'


@pytest.fixture
def chain(monkeypatch, tmp_path, capsys):
    """Run a quickstart of three stages that measure what is asked for.

    Takes the command line and the values, one for each seed, of stage ``middle``, which must reach
    0.5; returns the exit status, what was printed, and the stages that ran.
    """
    ran = []

    def call(*arguments, values=(1.0,), work_dir=tmp_path / 'work'):
        ran.clear()

        def stage(name):
            def run(one):
                ran.append((name, one.seed))
                return dict(value=values[one.seed] if name == 'middle' else 0.0)

            at_least = 0.5 if name == 'middle' else None
            return Stage(name, run, dict(value=Figure('value', '{:.2f}', at_least=at_least)))

        stages = tuple(map(stage, ('data', 'middle', 'last')))
        monkeypatch.setattr(main_script.signal, 'signal', lambda *_: None)
        monkeypatch.setattr(main_script, 'STAGES', stages)
        monkeypatch.setattr(sys.modules['report'], 'STAGES', stages)
        monkeypatch.setattr(sys.modules['report'].missed_limits, '__defaults__', (stages,))
        command = ['quickstart.py', '--work-dir', str(work_dir), *arguments]
        monkeypatch.setattr(sys, 'argv', command)
        status = 0
        try:
            main_script.main()
        except SystemExit as stop:
            status = stop.code
        return status, capsys.readouterr().out, list(ran)

    return call


def test_a_missed_limit_ends_the_run_and_the_report_is_written(chain, tmp_path):
    status, printed, ran = chain(values=[0.4])
    assert 'middle: value 0.40 (MISSED, needed 0.50)' in status
    assert ran == [('data', 0), ('middle', 0)]
    report = (tmp_path / 'work' / 'report.md').read_text()
    assert 'MISSED' in report and '| last | not run | |' in report and 'Next, in ' not in printed


def test_a_missed_limit_is_not_forgotten_by_the_next_run(chain):
    chain(values=[0.4])
    status, _, ran = chain()
    assert 'MISSED' in status and ran == []
    for option in ('--from', '--only'):
        assert 'MISSED' in chain(option, 'report')[0]
    status, printed, ran = chain('--from', 'middle', values=[0.6])
    assert status == 0 and ran == [('middle', 0), ('last', 0)] and 'Next, in ' in printed


def test_smoke_knows_no_limits(chain):
    status, printed, ran = chain('--smoke', values=[0.4])
    assert status == 0 and len(ran) == 3 and 'MISSED' not in printed


@pytest.mark.parametrize(('values', 'missed'), [([0.4, 0.5, 0.9], False), ([0.9, 0.1, 0.1], True)])
def test_of_several_seeds_the_mean_counts(chain, values, missed):
    status, printed, ran = chain('--full', values=values)
    assert ('MISSED' in str(status)) == missed
    # All seeds of the stage are there before there is a mean.
    assert len(ran) == 3 * 3 - 2 - missed
    assert 'stage 2 of 3, seed 1: middle' in printed


def test_result_without_a_figure_of_today_is_made_anew(chain, tmp_path):
    chain()
    file = tmp_path / 'work' / 'seed0' / 'middle' / 'stage.json'
    for content in (json.dumps(dict(seconds=1, figures=dict(old=1))), '{}', '', '{"seconds"'):
        file.write_text(content)
        status, _, ran = chain()
        assert status == 0 and ran == [('middle', 0)]


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


@pytest.mark.parametrize('arguments', [[], ['--from', 'data'], ['--only', 'data'], ['--full']])
def test_a_folder_of_the_users_is_refused_and_stays(chain, tmp_path, arguments):
    (tmp_path / 'home' / 'data').mkdir(parents=True)
    (tmp_path / 'home' / 'data' / 'photo.jpg').write_text('photo')
    (tmp_path / 'home' / 'report.md').write_text('my report')
    before = files_of(tmp_path)
    status, _, ran = chain(*arguments, work_dir=tmp_path / 'home')
    assert 'home is there already and was not made by quickstart' in status
    assert ran == [] and files_of(tmp_path) == before


@pytest.mark.parametrize('kind', ['folder', 'link'])
def test_a_foreign_folder_of_a_stage_stays_and_so_do_the_others(chain, tmp_path, kind):
    chain()
    photos = tmp_path / 'photos'
    photos.mkdir()
    (photos / 'photo.jpg').write_text('photo')
    claim_folder(tmp_path / 'other run', MAKER)
    place = tmp_path / 'work' / 'seed0' / 'last'
    (place / MARK).unlink()
    if kind == 'link':
        (place / 'stage.json').unlink()
        place.rmdir()
        place.symlink_to(tmp_path / 'other run')
    before = files_of(tmp_path)
    status, _, ran = chain('--from', 'data')
    assert 'last is there already and was not made by quickstart' in status
    assert ran == [] and files_of(tmp_path) == before


def test_an_interrupted_stage_begins_anew_in_an_empty_folder(chain, tmp_path):
    chain()
    folder = tmp_path / 'work' / 'seed0' / 'middle'
    (folder / 'stage.json').unlink()
    (folder / 'left.pth').write_text('left')
    assert chain()[2] == [('middle', 0)]
    assert sorted(path.name for path in folder.iterdir()) == [MARK, 'stage.json']


def test_checkpoint_is_found_where_the_folder_is_now(tmp_path):
    run = Run(tmp_path, tmp_path / 'moved', 0, smoke=False)
    folder = run.folder('addp')
    folder.mkdir(parents=True)
    (folder / 'last_checkpoint').write_text('/where/it/was/epoch_3.pth\n')
    assert run.checkpoint('addp') == folder / 'epoch_3.pth'


def test_wrong_names_are_said_in_one_line(tmp_path):
    result = quickstart(tmp_path, '--from', 'nothing')
    assert result.returncode == 1 and 'nothing' in result.stderr
    assert len(result.stderr.splitlines()) == 1
