"""A run deletes what it made itself, in its own folder, and nothing of another run."""

import multiprocessing

import pytest
import torch
from test_engine.test_checkpoint_hook import checkpoints, hook, runner_with, validated, work
from test_engine.test_checkpoint_hook import predictions as predictions

from mmaddp.weights.latest import EARLIER, POINTER

__all__ = ['work']


def set_info(path, **info):
    """Change what a checkpoint's message hub says."""
    content = torch.load(path, weights_only=True)
    content['message_hub']['runtime_info'] |= info
    content['message_hub']['resumed_keys'] |= dict.fromkeys(info, True)
    torch.save(content, path)


BEST = hook(interval=1, max_keep_ckpts=1, save_best='acc', rule='greater')
STOCK = dict(BEST, type='CheckpointHook')


@pytest.mark.parametrize('settings', [BEST, STOCK], ids=['ours', 'stock'])
@pytest.mark.parametrize('kind', ['file', 'folder', 'link'])
def test_nothing_outside_is_deleted(make_runner, work, tmp_path, settings, kind):
    victim = tmp_path / 'best_acc_epoch_1.pth'
    if kind == 'folder':
        victim.mkdir()
        (victim / 'thesis.txt').write_text('years')
    else:
        victim.write_text('years')
    if kind == 'link':
        victim = victim.rename(tmp_path / 'target.pth')
        (tmp_path / 'best_acc_epoch_1.pth').symlink_to(victim)
    validated(make_runner, settings, dict(acc=[0.1]), max_epochs=1).train()
    named = str(tmp_path / 'best_acc_epoch_1.pth')
    set_info(work / 'epoch_1.pth', best_ckpt=named, last_ckpt=named, keep_ckpt_ids=['../../x', -1])
    validated(make_runner, settings, dict(acc=[0.9]), max_epochs=2, resume=True).train()
    assert victim.exists() and (kind != 'folder' or (victim / 'thesis.txt').exists())
    assert {'epoch_2.pth', 'best_acc_epoch_2.pth'} <= set(checkpoints(work))


@pytest.mark.parametrize('named', ['notes.txt', 'data', 'epoch_1.pth/../notes.txt', '.', ''])
def test_files_of_other_names_are_not_deleted(make_runner, work, named):
    validated(make_runner, BEST, dict(acc=[0.1]), max_epochs=1).train()
    (work / 'notes.txt').write_text('years')
    (work / 'data').mkdir()
    set_info(work / 'epoch_1.pth', best_ckpt=str(work / named))
    validated(make_runner, BEST, dict(acc=[0.9]), max_epochs=2, resume=True).train()
    assert (work / 'notes.txt').exists() and (work / 'data').is_dir()


@pytest.mark.parametrize('settings', [BEST, STOCK], ids=['ours', 'stock'])
def test_a_run_that_goes_on_from_another_leaves_it_alone(make_runner, work, tmp_path, settings):
    validated(make_runner, settings, dict(acc=[0.5]), max_epochs=1).train()
    before = {path.name: path.read_bytes() for path in work.glob('*.pth')}
    other = tmp_path / 'other'
    start = dict(resume=True, load_from=str(work / 'epoch_1.pth'), work_dir=str(other))
    validated(make_runner, settings, dict(acc=[0.3]), max_epochs=2, **start).train()
    assert {path.name: path.read_bytes() for path in work.glob('*.pth')} == before
    # Its best is the best of its own.
    assert checkpoints(other) == ['best_acc_epoch_2.pth', 'epoch_2.pth']


def test_a_moved_run_goes_on_with_its_lists(make_runner, work, tmp_path):
    validated(make_runner, BEST, dict(acc=[0.5]), max_epochs=1).train()
    moved = work.rename(tmp_path / 'moved')
    options = dict(max_epochs=2, resume=True, work_dir=str(moved))
    runner = validated(make_runner, BEST, dict(acc=[0.7]), **options)
    runner.train()
    assert runner.iter == 8
    assert checkpoints(moved) == ['best_acc_epoch_2.pth', 'epoch_2.pth']
    assert (moved / POINTER).read_text() == 'epoch_2.pth'


def test_old_checkpoints_of_a_used_folder(make_runner, work, caplog):
    """Started without --resume: said; not deleted, not counted, not overwritten, not resumed."""
    settings = hook(interval=1, max_keep_ckpts=2)
    runner_with(make_runner, hook(interval=1), max_epochs=4).train()
    before = {path.name: path.read_bytes() for path in work.glob('*.pth')}
    second = runner_with(make_runner, settings, max_epochs=1)
    said = []
    second.logger.warning = said.append
    second.train()
    assert any('4 checkpoints of another run' in text and '--resume' in text for text in said)
    found = {path.name: path.read_bytes() for path in work.glob('*.pth')}
    new = found.pop('epoch_1.pth')
    assert new != before['epoch_1.pth']
    assert found.pop('epoch_1.earlier-1.pth') == before.pop('epoch_1.pth')
    assert found == before
    assert (work / EARLIER).read_text().split() == ['epoch_2.pth', 'epoch_3.pth', 'epoch_4.pth']
    (work / POINTER).unlink()
    third = runner_with(make_runner, settings, max_epochs=3, resume=True)
    third.train()
    assert third.iter == 12  # From its own first epoch on.
    kept = {path.name: path.read_bytes() for path in work.glob('*.pth')}
    assert kept.pop('epoch_4.pth') == before['epoch_4.pth']
    assert {kept[f'epoch_{n}.earlier-1.pth'] for n in (2, 3)} == {
        before[f'epoch_{n}.pth'] for n in (2, 3)
    }
    assert {'epoch_2.pth', 'epoch_3.pth'} <= kept.keys() and 'epoch_1.pth' not in kept


def test_best_checkpoints_of_a_used_folder(make_runner, work):
    validated(make_runner, BEST, dict(acc=[0.5]), max_epochs=1).train()
    before = (work / 'best_acc_epoch_1.pth').read_bytes()
    validated(make_runner, BEST, dict(acc=[0.4]), max_epochs=1, randomness=dict(seed=9)).train()
    assert (work / 'best_acc_epoch_1.earlier-1.pth').read_bytes() == before
    assert (work / 'best_acc_epoch_1.pth').read_bytes() != before


def test_resume_without_a_pointer_does_not_begin_anew(make_runner, work):
    settings = hook(interval=1)
    runner_with(make_runner, settings, max_epochs=3).train()
    before = {path.name: path.read_bytes() for path in work.glob('*.pth')}
    (work / POINTER).unlink()
    runner = runner_with(make_runner, settings, max_epochs=3, resume=True)
    runner.train()
    assert runner.iter == 12
    assert {path.name: path.read_bytes() for path in work.glob('*.pth')} == before


@pytest.mark.parametrize('stock', [True, False])
def test_resume_where_nothing_is_sound_stops(make_runner, work, stock):
    settings = dict(type='CheckpointHook', interval=1) if stock else hook(interval=1)
    runner_with(make_runner, settings, max_epochs=2).train()
    for path in work.glob('*.pth'):
        path.write_bytes(b'PK\x03\x04')
    with pytest.raises(ValueError, match=r'(?s)No checkpoint.*epoch_2\.pth.*epoch_1\.pth'):
        runner_with(make_runner, settings, max_epochs=2, resume=True).train()
    assert all(path.read_bytes() == b'PK\x03\x04' for path in work.glob('*.pth'))


def hold(folder, pipe):
    from mmaddp.utils.folder_lock import lock_folder

    lock_folder(folder)
    pipe.send('locked')
    pipe.recv()


@pytest.mark.filterwarnings('ignore:This process:DeprecationWarning')
def test_a_second_training_in_the_folder_is_refused(make_runner, work):
    own, other = multiprocessing.Pipe()
    process = multiprocessing.get_context('fork').Process(target=hold, args=(work, other))
    process.start()
    own.recv()
    runner = runner_with(make_runner, hook(interval=1))
    with pytest.raises(BlockingIOError, match=rf'process {process.pid} on '):
        runner.train()
    assert not list(work.glob('*.pth'))
    own.send('end')
    process.join(30)
    runner_with(make_runner, hook(interval=1)).train()
    assert len(list(work.glob('*.pth'))) == 2
