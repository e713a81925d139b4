"""A training that draws from every generator, can be killed, and whose ends can be compared."""

import random
from itertools import chain

import numpy as np
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


def settings(
    by_epoch=True, save_by_epoch=True, interval=1, accumulate=1, ema=False, best=None, **data
):
    loop = dict(type='mmaddp.EpochBasedTrainLoop', max_epochs=EPOCHS)
    if not by_epoch:
        length = EPOCHS * BATCHES
        loop = dict(type='mmaddp.IterBasedTrainLoop', max_iters=length, val_interval=7)
    saving = dict(type='mmaddp.CheckpointHook', by_epoch=save_by_epoch, interval=interval)
    if best is not None:
        saving |= dict(save_best='score', rule=best)
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
