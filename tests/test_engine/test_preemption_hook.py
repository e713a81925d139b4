"""A run that is asked to stop saves, ends with status 75, and loses nothing."""

import logging
import os
import signal
import threading

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS, METRICS, MODELS
from test_engine.test_checkpoint_hook import checkpoints
from torch.utils.data import get_worker_info
from toy_runner import ToyDataset, ToyModel

from mmaddp.engine.hooks.preemption_hook import PREEMPTED
from mmaddp.registry import DATASETS

EPOCHS, STEPS = 2, 8  # four of them an epoch


@HOOKS.register_module(force=True)
class SendSignal(Hook):
    """Asks this process to stop, in an iteration of training or, before it, of validation."""

    def __init__(self, at, name='SIGUSR1', validation=False):
        self.at, self.name, self.validation = at, name, validation

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.at and not self.validation:
            os.kill(os.getpid(), getattr(signal, self.name))

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.at and self.validation:
            os.kill(os.getpid(), getattr(signal, self.name))


@METRICS.register_module(force=True)
class CountsValidations:
    """Counts what was validated to the end."""

    dataset_meta = None
    done: list = []

    def process(self, *_, **__):
        pass

    def evaluate(self, size):
        self.done.append(size)
        return {}


@MODELS.register_module(force=True)
class Validated(ToyModel):
    def forward(self, inputs, data_samples=None, mode='tensor'):
        out = super().forward(inputs, data_samples, mode)
        return out if mode == 'loss' else data_samples


@pytest.fixture(autouse=True)
def signals():
    """The process that tests run in handles signals as before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}
    CountsValidations.done.clear()
    yield
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def make(make_runner, tmp_path):
    """Build a run that notes signals; ``at`` is the iteration in which one comes."""

    def build(folder, at=None, by_iter=False, send=(), hooks=(), resume=False, **kwargs):
        loop = dict(type='mmaddp.EpochBasedTrainLoop', max_epochs=EPOCHS)
        if by_iter:
            loop = dict(type='mmaddp.IterBasedTrainLoop', max_iters=STEPS)
        names = ('PlainMessageHub', 'StrictLoad', 'Position', 'NonFiniteLoss', 'Preemption')
        defaults = {name.lower(): dict(type=f'mmaddp.{name}Hook') for name in names}
        saves = dict(type='mmaddp.CheckpointHook', interval=2 if by_iter else 1)
        defaults['checkpoint'] = saves | dict(by_epoch=not by_iter, max_keep_ckpts=1)
        custom = [dict(type='SendSignal', at=at, **dict(send))] * (at is not None)
        settings = dict(train_cfg=loop, default_hooks=defaults, resume=resume)
        settings['custom_hooks'] = [*custom, *hooks]
        return make_runner(work_dir=tmp_path / folder, **(settings | kwargs))

    return build


def stopped(runner):
    """Train until the run is stopped; return what it says then."""
    said = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    runner.logger.addHandler(handler)
    with pytest.raises(SystemExit) as ended:
        runner.train()
    assert ended.value.code == PREEMPTED == 75
    (line,) = [line for line in said if ' stops this run behind iteration ' in line]
    return line


def last(folder):
    path = folder / (folder / 'last_checkpoint').read_text()
    return torch.load(path, weights_only=True)


def assert_same_end(tmp_path, folder):
    straight, resumed = last(tmp_path / 'straight'), last(tmp_path / folder)
    for part in ('state_dict', 'optimizer'):
        torch.testing.assert_close(resumed[part], straight[part], rtol=0, atol=0)
    assert resumed['param_schedulers'] == straight['param_schedulers']
    logs = (run['message_hub']['log_scalars']['train/loss'] for run in (straight, resumed))
    assert len({str(log['history_buffer']['history'].tolist()) for log in logs}) == 1


@pytest.mark.parametrize(
    'at, name, by_iter',
    [
        (0, 'SIGTERM', False),
        (3, 'SIGUSR1', False),
        (6, 'SIGTERM', False),
        (0, 'SIGUSR1', True),
        (5, 'SIGTERM', True),
    ],
)
def test_nothing_is_lost(make, tmp_path, at, name, by_iter):
    make('straight', by_iter=by_iter).train()
    line = stopped(make('run', at, by_iter, dict(name=name)))
    assert (tmp_path / 'run' / 'last_checkpoint').read_text() == f'iter_{at + 1}.pth'
    assert line.startswith(f'{name} stops this run behind iteration {at + 1}. Saved as ')
    assert line.endswith('the same command with --resume continues.')
    make('run', by_iter=by_iter, resume=True).train()
    assert_same_end(tmp_path, 'run')
    assert checkpoints(tmp_path / 'run') == checkpoints(tmp_path / 'straight')


def test_stopped_twice_and_before_the_next_regular_checkpoint(make, tmp_path):
    make('straight').train()
    stopped(make('run', at=1))
    stopped(make('run', at=2, resume=True))
    assert checkpoints(tmp_path / 'run') == ['iter_2.pth', 'iter_3.pth']
    make('run', resume=True).train()
    assert_same_end(tmp_path, 'run')


def test_gathered_gradients_are_kept(make, tmp_path):
    optimizer = dict(type='AdamW', lr=0.1)
    several = dict(optim_wrapper=dict(optimizer=optimizer, accumulative_counts=3))
    make('straight', **several).train()
    stopped(make('run', at=3, **several))
    assert (tmp_path / 'run' / 'last_checkpoint').read_text() == 'iter_4.pth'
    make('run', resume=True, **several).train()
    assert_same_end(tmp_path, 'run')


@pytest.mark.parametrize('by_iter', [False, True])
def test_a_validation_is_broken_off_and_repeated(make, tmp_path, by_iter):
    loader = dict(dataset=dict(type='ToyDataset'), batch_size=2, num_workers=0)
    loader['sampler'] = dict(type='DefaultSampler', shuffle=False)
    validated = dict(
        model=dict(type='Validated'),
        val_dataloader=loader,
        val_cfg={},
        val_evaluator=dict(type='CountsValidations'),
    )
    average = [dict(type='EMAHook', momentum=0.3)]
    validated['train_cfg'] = dict(type='mmaddp.EpochBasedTrainLoop', max_epochs=EPOCHS)
    if by_iter:
        validated['train_cfg'] = dict(
            type='mmaddp.IterBasedTrainLoop', max_iters=STEPS, val_interval=3
        )
    make('straight', by_iter=by_iter, hooks=average, **validated).train()
    times = len(CountsValidations.done)
    assert times == (3 if by_iter else 2)
    CountsValidations.done.clear()
    at = 3 if by_iter else 4
    stopped(make('run', at, by_iter, dict(validation=True), hooks=average, **validated))
    name = f'iter_{at}.pth' if by_iter else 'epoch_1.pth'
    assert (tmp_path / 'run' / 'last_checkpoint').read_text() == name
    assert not CountsValidations.done
    make('run', by_iter=by_iter, hooks=average, resume=True, **validated).train()
    assert len(CountsValidations.done) == times
    assert_same_end(tmp_path, 'run')


def test_a_run_without_checkpoints_ends_too(make, tmp_path):
    runner = make('run', at=1)
    runner._hooks = [hook for hook in runner.hooks if 'Checkpoint' not in type(hook).__name__]
    assert 'This run saves no checkpoints' in stopped(runner)
    assert not checkpoints(tmp_path / 'run')


def test_signals_are_handled_as_before_after_training(make):
    before = signal.getsignal(signal.SIGTERM)
    make('run').train()
    assert signal.getsignal(signal.SIGTERM) == before
    assert signal.set_wakeup_fd(-1) == -1


def test_outside_the_main_thread_signals_are_left_alone(make, tmp_path):
    runner = make('run')
    thread = threading.Thread(target=runner.train)
    thread.start()
    thread.join()
    assert checkpoints(tmp_path / 'run') == ['epoch_2.pth']


@DATASETS.register_module(force=True)
class KilledWorkers(ToyDataset):
    """Each worker process gets the signals that the whole job gets."""

    def __getitem__(self, index):
        assert get_worker_info() is not None
        for number in (signal.SIGUSR1, signal.SIGTERM):
            # Not from the process that has started it.
            if os.fork() == 0:
                os.kill(os.getppid(), number)
                os._exit(0)
            os.wait()
        return super().__getitem__(index)


@pytest.fixture
def two_threads():
    """A process whose workers have a thread that PyTorch starts."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize('persistent', [False, True])
def test_workers_outlive_the_signal(two_threads, make, tmp_path, persistent):
    loader = dict(
        dataset=dict(type='mmaddp.KilledWorkers'),
        batch_size=2,
        num_workers=2,
        persistent_workers=persistent,
        sampler=dict(type='DefaultSampler', shuffle=True),
    )
    stopped(make('run', at=5, train_dataloader=loader))
    assert (tmp_path / 'run' / 'last_checkpoint').read_text() == 'iter_6.pth'


@pytest.mark.parametrize('patience', [0, -1.0])
def test_patience_must_be_positive(patience):
    with pytest.raises(ValueError, match='patience must be positive'):
        HOOKS.build(dict(type='mmaddp.PreemptionHook', patience=patience))
