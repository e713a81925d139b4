import json

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS

HOOK = dict(type='mmaddp.NonFiniteLossHook', interval=100)


class Poison(Hook):
    """Makes a weight infinite after the given iteration."""

    def __init__(self, iteration):
        self.iteration = iteration

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.iteration:
            runner.model.linear.bias.data.fill_(float('inf'))


@pytest.fixture
def report(tmp_path):
    def read():
        (path,) = (tmp_path / 'work').glob('non_finite_loss_*.json')
        return json.loads(path.read_text())

    return read


def test_names_the_files_of_the_first_bad_batch(make_runner, report):
    runner = make_runner(bad=[5], custom_hooks=[HOOK])
    with pytest.raises(FloatingPointError, match='not finite') as error:
        runner.train()
    found = report()
    assert '5.png' in found['files'] and len(found['files']) == 2
    assert found['losses']['loss'] == 'nan'
    assert 1 <= found['iteration'] <= 4 and found['epoch'] == 1
    assert f'iteration {found["iteration"]} ' in str(error.value)


def test_no_checkpoint_follows_a_bad_loss_and_none_is_deleted(make_runner, tmp_path, report):
    checkpoint = dict(type='CheckpointHook', max_keep_ckpts=1)
    hooks = dict(checkpoint=checkpoint, plain=dict(type='mmaddp.PlainMessageHubHook'))
    make_runner(max_epochs=1, default_hooks=hooks).train()
    kept = tmp_path / 'work' / 'epoch_1.pth'
    before = kept.read_bytes()
    runner = make_runner(bad=[0], resume=True, default_hooks=hooks, custom_hooks=[HOOK])
    with pytest.raises(FloatingPointError):
        runner.train()
    assert kept.read_bytes() == before
    assert [path.name for path in kept.parent.glob('*.pth')] == ['epoch_1.pth']
    assert report()['epoch'] == 2


def test_looks_before_checkpoints_that_count_iterations(make_runner, tmp_path):
    checkpoint = dict(type='CheckpointHook', by_epoch=False, interval=3)
    runner = make_runner(
        bad=range(8),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=9),
        default_hooks=dict(checkpoint=checkpoint),
        custom_hooks=[HOOK],
        param_scheduler=None,
    )
    with pytest.raises(FloatingPointError, match='iteration 1 '):
        runner.train()
    assert runner.iter == 2
    assert not list((tmp_path / 'work').glob('*.pth'))


def test_looks_at_every_interval(make_runner):
    runner = make_runner(bad=range(8), custom_hooks=[dict(HOOK, interval=2)])
    with pytest.raises(FloatingPointError):
        runner.train()
    assert runner.iter == 1


def test_infinite_weight_of_a_finite_loss_is_not_saved(make_runner, tmp_path):
    runner = make_runner(custom_hooks=[HOOK])
    runner.register_hook(Poison(iteration=4), priority='VERY_HIGH')
    with pytest.raises(FloatingPointError, match='a weight, was not finite by iteration 4'):
        runner.train()
    assert not list((tmp_path / 'work').glob('*.pth'))


def test_best_checkpoint_is_guarded_too(make_runner):
    runner = make_runner(custom_hooks=[HOOK])
    with pytest.raises(FloatingPointError, match=r'weights linear\.weight are not finite'):
        runner.call_hook(
            'before_save_checkpoint',
            checkpoint=dict(state_dict={'linear.weight': torch.tensor([float('nan')])}),
        )


def test_healthy_run_is_left_alone(make_runner, tmp_path):
    make_runner(custom_hooks=[dict(HOOK, interval=1)]).train()
    assert (tmp_path / 'work' / 'epoch_2.pth').exists()
    assert not list((tmp_path / 'work').glob('*.json'))


@pytest.mark.parametrize('name', ['interval', 'max_skipped'])
def test_numbers_must_be_positive(make_runner, name):
    with pytest.raises(ValueError, match=rf'{name}.*0'):
        make_runner(custom_hooks=[dict(HOOK, **{name: 0})])


@OPTIM_WRAPPERS.register_module(force=True)
class ScaledOptimWrapper(OptimWrapper):
    """Steps through a loss scaler on the CPU, as mmengine's mixed precision does on a GPU."""

    def __init__(self, enabled=True, **kwargs):
        super().__init__(**kwargs)
        self.loss_scaler = torch.amp.GradScaler('cpu', enabled=enabled)

    def backward(self, loss, **kwargs):
        self.loss_scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs):
        self.loss_scaler.step(self.optimizer)
        self.loss_scaler.update()


def scaled(make_runner, bad, max_skipped=10, enabled=True, interval=3, **kwargs):
    wrapper = dict(type='ScaledOptimWrapper', enabled=enabled, optimizer=dict(type='AdamW', lr=0.1))
    hook = dict(type='mmaddp.NonFiniteLossHook', interval=interval, max_skipped=max_skipped)
    return make_runner(bad=bad, custom_hooks=[hook], optim_wrapper=wrapper, **kwargs)


def hook_of(runner):
    (hook,) = [hook for hook in runner.hooks if type(hook).__name__ == 'NonFiniteLossHook']
    return hook


def test_a_loss_scaler_skips_bad_steps_and_the_run_goes_on(make_runner, tmp_path, report):
    runner = scaled(make_runner, bad=[5], max_epochs=1)
    said = []
    runner.logger.warning = said.append
    runner.train()
    assert runner.iter == 4 and (tmp_path / 'work' / 'epoch_1.pth').exists()
    assert hook_of(runner).num_skipped == 1
    assert all(value.isfinite().all() for value in runner.model.state_dict().values())
    (text,) = [text for text in said if 'not finite' in str(text)]
    assert 'scaler skips' in text and '1 since this run began' in text
    assert '5.png' in report()['files']


@pytest.mark.parametrize('interval', [1, 3, 100])
def test_too_many_in_a_row_stop_the_run(make_runner, tmp_path, interval):
    runner = scaled(make_runner, bad=range(8), max_skipped=6, max_epochs=4, interval=interval)
    with pytest.raises(FloatingPointError, match='not finite'):
        runner.train()
    # At the next look: after each interval, and when an epoch of four iterations has ended.
    assert runner.iter == {1: 5, 3: 5, 100: 8}[interval]


def test_bad_steps_between_good_ones_are_no_row(make_runner):
    runner = scaled(make_runner, bad=[0], max_skipped=2, max_epochs=6, interval=1)
    runner.train()
    assert runner.iter == 24 and hook_of(runner).num_skipped == 6


def test_a_scaler_that_is_off_skips_nothing(make_runner):
    with pytest.raises(FloatingPointError):
        scaled(make_runner, bad=[0], enabled=False).train()


def test_a_bad_weight_stops_a_run_with_a_scaler_too(make_runner):
    runner = scaled(make_runner, bad=())
    runner.register_hook(Poison(iteration=4), priority='VERY_HIGH')
    with pytest.raises(FloatingPointError, match='a weight, was not finite by iteration 4'):
        runner.train()
