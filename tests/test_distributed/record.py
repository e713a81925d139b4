"""What a training does in each step, whatever the number of its processes."""

from itertools import chain
from pathlib import Path

import torch
from mmengine.dist import all_gather_object, all_reduce, get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner


class Record(Hook):
    """Keeps the samples, learning rate and losses of each step, and when it validates."""

    def __init__(self):
        self.samples, self.rates, self.losses, self.validated = [], [], [], []
        self.metrics = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        paths = [Path(sample.img_path).name for sample in data_batch['data_samples']]
        self.samples.append(sorted(chain.from_iterable(all_gather_object(paths))))
        rates = runner.optim_wrapper.get_lr()
        self.rates.append([float(rate) for group in rates.values() for rate in group])

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        names = sorted(name for name in outputs if 'loss' in name)
        values = torch.stack([torch.as_tensor(outputs[name]).double() for name in names])
        all_reduce(values, 'mean')
        self.losses.append(dict(zip(names, values.tolist())))

    def after_val_epoch(self, runner, metrics=None):
        self.validated.append(runner.iter)
        self.metrics = {name: float(value) for name, value in metrics.items()}


def train_and_record(cfg, file: Path) -> None:
    """Train; the first process writes the record and the final weights."""
    runner = Runner.from_cfg(cfg)
    record = Record()
    runner.register_hook(record)
    runner.train()
    if get_rank() == 0:
        state = getattr(runner.model, 'module', runner.model).state_dict()
        weights = {name.replace('.module.', '.'): value for name, value in state.items()}
        names = ('samples', 'rates', 'losses', 'validated', 'metrics')
        content = {name: getattr(record, name) for name in names}
        torch.save(dict(content, weights=weights, steps=runner.iter), file)


def assert_alike(one: dict, other: dict, first: int = 0) -> None:
    """Assert that a record equals another one from a step on, but for rounding."""
    assert one['steps'] == other['steps'] and len(one['losses']) - first == len(other['losses']) > 0
    assert one['samples'][first:] == other['samples']
    assert one['rates'][first:] == other['rates']
    assert [step for step in one['validated'] if step > first] == other['validated']
    for step, (losses, others) in enumerate(zip(one['losses'][first:], other['losses'])):
        assert losses and losses.keys() == others.keys()
        for name, value in losses.items():
            assert abs(value - others[name]) <= 1e-5, (step, name)
    assert one['weights'].keys() == other['weights'].keys()
    for name, value in one['weights'].items():
        torch.testing.assert_close(other['weights'][name], value, rtol=0, atol=1e-5, msg=name)
