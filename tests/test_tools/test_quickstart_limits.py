"""Limits of figures, seeds, and what the quickstart deletes, with stages that do nothing."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from test_tools.quickstart_parts import digits, main_script, quickstart, stages

from mmaddp.own.stage import Figure, Stage
from mmaddp.utils.own_folders import MARK, claim_folder


def test_figures_are_held_against_their_limits():
    share = Figure('accepted', '{:.1%}', at_least=0.6)
    assert share.describe([0.7]) == 'accepted 70.0% (ok, needed 60.0%)'
    assert 'MISSED, needed 60.0%' in share.describe([0.5])
    assert 'MISSED' in share.describe([float('nan')])
    assert replace(share, at_least=None).describe([0.5]) == 'accepted 50.0%'
    rest = Figure('accepted', '{:.1%}', at_most=0.05)
    assert rest.describe([0.0, 0.04]).endswith('2.0% ± 2.8% (ok, needed at most 5.0%)')
    assert 'MISSED' in rest.describe([0.06])
    assert Figure('loss', '{:.3f}').describe([2]) == 'loss 2.000'


def of(work_dir, seed, smoke):
    """A run without data and configurations."""
    return digits.Digits(work_dir / f'seed{seed}', None, SimpleNamespace(seed=seed), {}, [], smoke)


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
                ran.append((name, one.plan.seed))
                return dict(value=values[one.plan.seed] if name == 'middle' else 0.0)

            at_least = 0.5 if name == 'middle' else None
            return Stage(name, run, dict(value=Figure('value', '{:.2f}', at_least=at_least)))

        def all_stages(smoke):
            found = map(stage, main_script.NAMES)
            return tuple(map(stages.without_limits, found) if smoke else found)

        monkeypatch.setattr(main_script.signal, 'signal', lambda *_: None)
        monkeypatch.setattr(main_script, 'NAMES', ('data', 'middle', 'last'))
        monkeypatch.setattr(stages, 'all_stages', all_stages)
        monkeypatch.setattr(digits.Digits, 'of', staticmethod(of))
        monkeypatch.setattr(digits.Digits, 'write_configs', lambda self: None)
        command = ['quickstart.py', '--work-dir', str(work_dir), *arguments]
        monkeypatch.setattr(sys, 'argv', command)
        status = 0
        try:
            main_script.main()
        except SystemExit as stop:
            status = stop.code
        return status, capsys.readouterr().out, list(ran)

    return call


def test_a_missed_limit_is_the_status_and_in_the_report(chain, tmp_path):
    status, _, ran = chain(values=[0.4])
    assert 'middle: value 0.40 (MISSED, needed 0.50)' in status
    assert ran == [('data', 0), ('middle', 0), ('last', 0)]
    for name in ('report.md', 'report.html'):
        assert 'MISSED' in (tmp_path / 'work' / name).read_text()


def test_a_missed_limit_is_not_forgotten_by_the_next_run(chain):
    chain(values=[0.4])
    status, _, ran = chain()
    assert 'MISSED' in status and ran == []
    assert 'MISSED' in chain('--only', 'last')[0]
    status, _, ran = chain('--from', 'middle', values=[0.6])
    assert status == 0 and ran == [('middle', 0), ('last', 0)]


def test_smoke_knows_no_limits(chain):
    status, printed, ran = chain('--smoke', values=[0.4])
    assert status == 0 and len(ran) == 3 and 'MISSED' not in printed


@pytest.mark.parametrize(('values', 'missed'), [([0.4, 0.5, 0.9], False), ([0.9, 0.1, 0.1], True)])
def test_of_several_seeds_the_mean_counts(chain, values, missed):
    status, printed, ran = chain('--seeds', '0', '1', '2', values=values)
    assert ('MISSED' in str(status)) == missed
    assert len(ran) == 3 * 3 and ran[3:6] == [('data', 1), ('middle', 1), ('last', 1)]
    assert 'value 0.60 ± 0.26' in printed or missed


def test_one_stage_is_run_again(chain):
    chain()
    assert chain('--only', 'middle')[2] == [('middle', 0)]


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


@pytest.mark.parametrize('arguments', [[], ['--from', 'data'], ['--only', 'data']])
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
    claim_folder(tmp_path / 'other run', digits.MAKER)
    place = tmp_path / 'work' / 'seed0' / 'last'
    (place / MARK).unlink()
    if kind == 'link':
        place.rmdir()
        place.symlink_to(tmp_path / 'other run')
    else:
        (place / 'photo.jpg').write_text('photo')
    before = files_of(tmp_path)
    status, _, ran = chain('--from', 'data')
    assert 'last is there already and was not made by quickstart' in status
    assert ran == [] and files_of(tmp_path) == before


def test_wrong_names_are_said_in_one_line(tmp_path):
    result = quickstart(tmp_path, '--from', 'nothing')
    assert result.returncode == 1 and 'nothing' in result.stderr
    assert len(result.stderr.splitlines()) == 1
