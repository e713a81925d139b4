"""Beside each checkpoint lie its weights alone, kept and deleted with it."""

import pytest
import torch
from test_engine.test_checkpoint_hook import hook, runner_with, validated, work
from test_engine.test_checkpoint_hook import predictions as predictions

from mmaddp.compat.local_files import AtomicLocalBackend
from mmaddp.weights.checkpoint import load_checkpoint_file

__all__ = ['work']


def weights(folder):
    return sorted(path.stem for path in folder.glob('*.safetensors'))


def same(folder, name):
    """Whether both files of a checkpoint hold the same weights."""
    both = [
        load_checkpoint_file(folder / f'{name}{end}')['state_dict']
        for end in ('.pth', '.safetensors')
    ]
    return both[0].keys() == both[1].keys() and all(
        torch.equal(both[0][key], both[1][key]) for key in both[0]
    )


def test_those_of_the_latest_and_of_the_best_are_kept(make_runner, work):
    settings = hook(interval=1, max_keep_ckpts=2, save_best='acc', rule='greater')
    runner = validated(make_runner, settings, dict(acc=[0.1, 0.3, 0.2, 0.4]), max_epochs=4)
    runner.train()
    assert weights(work) == ['best_acc_epoch_4', 'epoch_3', 'epoch_4']
    assert all(same(work, name) for name in weights(work))


def test_a_first_best_and_checkpoints_that_only_one_hook_keeps(make_runner, work):
    kept = hook(interval=1, save_last=False, filename_tmpl='kept_epoch_{}.pth')
    settings = hook(interval=5, save_best='acc', rule='greater', save_last=False)
    scores = dict(acc=[0.4, 0.3])
    validated(make_runner, settings, scores, max_epochs=2, custom_hooks=[kept]).train()
    assert weights(work) == ['best_acc_epoch_1', 'kept_epoch_1', 'kept_epoch_2']


def test_what_a_killed_run_left_is_removed(make_runner, work, monkeypatch):
    settings = hook(interval=1, max_keep_ckpts=1)
    with monkeypatch.context() as patch:
        patch.setattr(AtomicLocalBackend, 'remove', lambda *_: None)
        patch.setattr('pathlib.Path.unlink', lambda *_, **__: None)
        runner_with(make_runner, settings, max_epochs=2).train()
    assert weights(work) == ['epoch_1', 'epoch_2']
    (work / '.epoch_3.safetensors.12345678-1-1.part').touch()
    runner_with(make_runner, settings, max_epochs=3, resume=True).train()
    assert weights(work) == ['epoch_3'] and not list(work.glob('.*.part'))


def test_those_of_another_run_stay_with_their_checkpoint(make_runner, work):
    runner_with(make_runner, hook(interval=1), max_epochs=2).train()
    before = {path.name: path.read_bytes() for path in work.glob('*.safetensors')}
    options = dict(max_epochs=1, randomness=dict(seed=9))
    runner_with(make_runner, hook(interval=1, max_keep_ckpts=1), **options).train()
    found = {path.name: path.read_bytes() for path in work.glob('*.safetensors')}
    assert found.pop('epoch_1.safetensors') != before['epoch_1.safetensors']
    assert found == {
        'epoch_1.earlier-1.safetensors': before['epoch_1.safetensors'],
        'epoch_2.safetensors': before['epoch_2.safetensors'],
    }


def test_resume_file_and_pointer_come_first(make_runner, work, monkeypatch):
    def fail(path):
        raise OSError(28, 'No space left on device', str(path))

    monkeypatch.setattr('mmaddp.engine.hooks.checkpoint_hook.write_plain_file', fail)
    runner = runner_with(make_runner, hook(interval=1, max_keep_ckpts=1), max_epochs=1)
    with pytest.raises(OSError, match='No space'):
        runner.train()
    assert (work / 'last_checkpoint').read_text() == 'epoch_1.pth'
    monkeypatch.undo()
    resumed = dict(max_epochs=2, resume=True)
    runner = runner_with(make_runner, hook(interval=1, max_keep_ckpts=2), **resumed)
    runner.train()
    assert runner.iter == 8 and weights(work) == ['epoch_1', 'epoch_2']
    assert same(work, 'epoch_1')


def test_with_averages_it_holds_them_as_a_test_uses_them(make_runner, work):
    averages = dict(custom_hooks=[dict(type='EMAHook', momentum=0.5)])
    runner = runner_with(make_runner, hook(interval=2), **averages)
    runner.train()
    plain = load_checkpoint_file(work / 'epoch_2.safetensors')['state_dict']
    averaged = runner.hooks[[type(h).__name__ for h in runner.hooks].index('EMAHook')].ema_model
    assert torch.equal(plain['linear.weight'], averaged.module.linear.weight)
    assert not torch.equal(plain['linear.weight'], runner.model.linear.weight)
    options = dict(load_from=str(work / 'epoch_2.safetensors'), **averages)
    tested = runner_with(make_runner, hook(interval=1), **options)
    tested.call_hook('before_run')
    tested.load_or_resume()
    assert torch.equal(tested.model.linear.weight, plain['linear.weight'])


def test_a_training_starts_from_it_and_does_not_resume_from_it(make_runner, work, tmp_path):
    runner_with(make_runner, hook(interval=2)).train()
    plain = str(work / 'epoch_2.safetensors')
    options = dict(load_from=plain, work_dir=str(tmp_path / 'new'), max_epochs=1)
    runner = runner_with(make_runner, hook(interval=1), **options)
    runner.load_or_resume()
    expected = load_checkpoint_file(plain)['state_dict']
    assert torch.equal(runner.model.linear.weight, expected['linear.weight'])
    resumed = runner_with(make_runner, hook(interval=1), **{**options, 'resume': True})
    with pytest.raises(ValueError, match=r'epoch_2\.safetensors'):
        resumed.train()
