"""A training that was killed and resumed ends as one that was not, to the bit."""

import random
from itertools import chain

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.registry import DATA_SAMPLERS, DATASETS, METRICS, MODELS
from torch.utils.data import BatchSampler
from toy_runner import ToyModel

HOOKS = dict(
    logger=dict(type='LoggerHook', interval=1),
    plain_message_hub=dict(type='mmaddp.PlainMessageHubHook'),
    strict_load=dict(type='mmaddp.StrictLoadHook'),
    position=dict(type='mmaddp.PositionHook'),
)
EPOCHS, BATCHES = 3, 6


@MODELS.register_module(force=True)
class DrawingModel(ToyModel):
    """Multiplies its loss by numbers that it draws from every generator."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        if mode != 'loss':
            return [0.0 for _ in inputs]
        drawn = torch.rand(()) + random.random() + np.random.rand()
        outputs = super().forward(inputs, data_samples, mode)
        return dict(loss=outputs['loss'] * drawn, drawn=drawn)


@DATASETS.register_module(force=True)
class DrawingDataset(BaseDataset):
    """Twelve samples, each with a random part; those that were read are counted."""

    read = 0

    def load_data_list(self):
        return [dict(index=index) for index in range(12)]

    def __getitem__(self, index):
        type(self).read += 1
        drawn = np.random.rand() + random.random() + float(torch.rand(()))
        return dict(inputs=torch.tensor([1.0 + index, drawn]))


@DATA_SAMPLERS.register_module(force=True)
class EvenThenOdd(BatchSampler):
    """Groups samples as mmdetection's sampler by aspect ratio does: it reads ahead."""

    def __init__(self, sampler, batch_size):
        super().__init__(sampler, batch_size, drop_last=True)

    def __iter__(self):
        waiting = ([], [])
        for index in self.sampler:
            waiting[index % 2].append(index)
            if len(waiting[index % 2]) == self.batch_size:
                yield waiting[index % 2].copy()
                waiting[index % 2].clear()


@METRICS.register_module(force=True)
class DrawingMetric(BaseMetric):
    """A score that is drawn at random."""

    def process(self, data_batch, data_samples):
        self.results.append(1)

    def compute_metrics(self, results):
        return dict(score=random.random() + float(torch.rand(())))


class Killed(Exception):
    pass


class Killer(Hook):
    """Ends the run in an iteration, or in the validation after it."""

    priority = 'VERY_HIGH'

    def __init__(self, iteration, validating=False):
        self.iteration = iteration
        self.validating = validating

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if not self.validating and runner.iter == self.iteration:
            raise Killed

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if self.validating and runner.iter == self.iteration:
            raise Killed


def loader(dataset='seeded', sampler='mmaddp.SeededSampler', workers=0, **kwargs):
    inner = dict(type='DrawingDataset', serialize_data=False)
    seeded = dict(type='mmaddp.SeededDataset', dataset=inner)
    return dict(
        dataset=seeded if dataset == 'seeded' else inner,
        sampler=dict(type=sampler, shuffle=True),
        batch_size=2,
        num_workers=workers,
        persistent_workers=workers > 0,
        **kwargs,
    )


def settings(by_epoch=True, save_by_epoch=True, interval=1, accumulate=1, ema=False, **data):
    loop = dict(type='mmaddp.EpochBasedTrainLoop', max_epochs=EPOCHS)
    if not by_epoch:
        length = EPOCHS * BATCHES
        loop = dict(type='mmaddp.IterBasedTrainLoop', max_iters=length, val_interval=7)
    saving = dict(type='mmaddp.CheckpointHook', by_epoch=save_by_epoch, interval=interval)
    optimizer = dict(type='AdamW', lr=0.1)
    return dict(
        model=dict(type='DrawingModel'),
        train_cfg=loop,
        train_dataloader=loader(**data),
        val_cfg=dict(),
        val_dataloader=loader(sampler='DefaultSampler'),
        val_evaluator=dict(type='DrawingMetric'),
        optim_wrapper=dict(optimizer=optimizer, accumulative_counts=accumulate),
        param_scheduler=dict(type='mmaddp.WarmupCosineLR', warmup=4, end=18, by_epoch=False),
        default_hooks=dict(checkpoint=saving, **HOOKS),
        custom_hooks=[dict(type='EMAHook', momentum=0.1)] if ema else [],
        log_processor=dict(by_epoch=by_epoch),
    )


BY_ITERATION = dict(by_epoch=False, save_by_epoch=False, sampler='mmaddp.SeededInfiniteSampler')
CASES = {
    'by epoch': (dict(), 9),
    'killed in validation': (dict(), (12, True)),
    'killed in the last validation': (dict(), (18, True)),
    'saved inside an epoch': (dict(save_by_epoch=False, interval=4), 11),
    'saved at the end of an epoch': (dict(save_by_epoch=False, interval=6), 14),
    'by iteration': (dict(interval=5, **BY_ITERATION), 13),
    'by iteration, in validation': (dict(interval=7, **BY_ITERATION), (14, True)),
    'accumulation': (dict(accumulate=4), 9),
    'accumulation inside an epoch': (dict(accumulate=3, save_by_epoch=False, interval=4), 11),
    'no update yet': (dict(accumulate=5, save_by_epoch=False, interval=2), 3),
    'averages': (dict(ema=True, accumulate=4), 9),
    'plain data set in this process': (dict(dataset='plain', save_by_epoch=False, interval=4), 6),
    'host sampler': (dict(sampler='DefaultSampler', save_by_epoch=False, interval=4), 11),
    'endless host sampler': (
        dict(by_epoch=False, save_by_epoch=False, interval=5, sampler='InfiniteSampler'),
        13,
    ),
    'finite sampler by iteration': (
        dict(by_epoch=False, save_by_epoch=False, interval=5),
        13,
    ),
    'batches in groups': (
        dict(save_by_epoch=False, interval=4, batch_sampler=dict(type='EvenThenOdd')),
        11,
    ),
}


def differences(one, two, place=''):
    """Names of the entries that are not equal."""
    if isinstance(one, dict) and isinstance(two, dict):
        keys = one.keys() | two.keys()
        parts = (differences(one.get(key), two.get(key), f'{place}.{key}') for key in keys)
        return sorted(chain.from_iterable(parts))
    if isinstance(one, list | tuple) and isinstance(two, list | tuple) and len(one) == len(two):
        parts = (differences(a, b, f'{place}[{i}]') for i, (a, b) in enumerate(zip(one, two)))
        return list(chain.from_iterable(parts))
    equal = torch.equal(one, two) if torch.is_tensor(one) and torch.is_tensor(two) else one == two
    return [] if equal else [place]


def last(folder):
    """The last checkpoint, without what tells of time and place."""
    content = torch.load(folder / (folder / 'last_checkpoint').read_text(), weights_only=True)
    hub = content['message_hub']
    logged = {key: value for key, value in hub['log_scalars'].items() if 'time' not in key}
    return {
        **{key: value for key, value in content.items() if key not in ('message_hub', 'meta')},
        'log': logged,
        'at': [content['meta'][key] for key in ('epoch', 'iter', 'seed')],
    }


def run(make_runner, folder, kill=None, resume=False, **kwargs):
    runner = make_runner(work_dir=folder, resume=resume, **settings(**kwargs))
    if kill is None:
        runner.train()
        return
    runner.register_hook(Killer(*kill) if isinstance(kill, tuple) else Killer(kill))
    with pytest.raises(Killed):
        runner.train()
    del runner


@pytest.mark.parametrize('case', CASES)
def test_a_resumed_training_ends_as_one_without_a_stop(make_runner, tmp_path, case):
    options, kill = CASES[case]
    run(make_runner, tmp_path / 'whole', **options)
    run(make_runner, tmp_path / 'killed', kill, **options)
    run(make_runner, tmp_path / 'killed', resume=True, **options)
    assert differences(last(tmp_path / 'whole'), last(tmp_path / 'killed')) == []
    files = [
        {path.name for path in (tmp_path / name).glob('*.pth')} for name in ('whole', 'killed')
    ]
    assert files[0] == files[1]


@pytest.mark.slow
@pytest.mark.parametrize('by_epoch', [True, False])
def test_with_workers(make_runner, tmp_path, by_epoch):
    options = dict(save_by_epoch=False, interval=4, workers=2)
    options |= {} if by_epoch else BY_ITERATION
    run(make_runner, tmp_path / 'whole', **(options | dict(workers=0)))
    run(make_runner, tmp_path / 'killed', 11, **options)
    run(make_runner, tmp_path / 'killed', resume=True, **options)
    assert differences(last(tmp_path / 'whole'), last(tmp_path / 'killed')) == []


@pytest.mark.parametrize('case', ['by iteration', 'host sampler', 'endless host sampler'])
def test_what_was_used_is_not_read_again(make_runner, tmp_path, case):
    options, kill = CASES[case]
    run(make_runner, tmp_path, kill, **options)
    DrawingDataset.read = 0
    runner = make_runner(work_dir=tmp_path, resume=True, **settings(**options))
    runner._val_loop = None
    runner.train()
    assert DrawingDataset.read == 2 * (EPOCHS * BATCHES - kill // options['interval'] * 4) or (
        DrawingDataset.read == 2 * (EPOCHS * BATCHES - kill // options['interval'] * 5)
    )


def test_gathered_gradients_are_saved_between_updates_only(make_runner, tmp_path):
    run(make_runner, tmp_path, accumulate=4, save_by_epoch=False, interval=2)
    held = {
        number: 'gradients' in torch.load(tmp_path / f'iter_{number}.pth', weights_only=True)
        for number in (2, 4, 6, 8, 18)
    }
    assert held == {2: True, 4: False, 6: True, 8: False, 18: False}


def test_an_older_checkpoint_is_continued_with_a_warning(make_runner, tmp_path, caplog):
    run(make_runner, tmp_path, 9)
    path = tmp_path / 'epoch_1.pth'
    content = torch.load(path, weights_only=True)
    del content['position']
    torch.save(content, path)
    runner = make_runner(work_dir=tmp_path, resume=True, **settings())
    said = []
    runner.logger.warning = said.append
    runner.train()
    assert runner.iter == EPOCHS * BATCHES
    assert any('does not say where inside an epoch' in text for text in said)


def test_weights_alone_are_loaded_without_a_position(make_runner, tmp_path):
    run(make_runner, tmp_path / 'first', 9, accumulate=4, save_by_epoch=False, interval=2)
    source = str(tmp_path / 'first' / 'iter_6.pth')
    runner = make_runner(work_dir=tmp_path / 'second', load_from=source, **settings())
    runner.call_hook('before_run')
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.load_or_resume()
    assert runner.train_loop._position is None
    assert all(parameter.grad is None for parameter in runner.model.parameters())


@pytest.mark.parametrize(
    ('changes', 'text'),
    [
        (dict(train_cfg=dict(type='OtherLoop', max_epochs=1)), 'OtherLoop does not know its place'),
        (dict(train_dataloader=loader('plain', workers=1)), 'worker processes'),
        (dict(train_dataloader=loader(workers=1)), None),
        (dict(), None),
    ],
)
def test_what_cannot_be_continued_exactly_is_said(make_runner, changes, text):
    from mmengine.registry import LOOPS
    from mmengine.runner import EpochBasedTrainLoop

    LOOPS.register_module(
        name='OtherLoop', module=type('OtherLoop', (EpochBasedTrainLoop,), {}), force=True
    )
    runner = make_runner(**(settings() | changes))
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    said = []
    runner.logger.warning = said.append
    (hook,) = (hook for hook in runner.hooks if type(hook).__name__ == 'PositionHook')
    hook.before_train(runner)
    assert [text in line for line in said] == ([] if text is None else [True])
