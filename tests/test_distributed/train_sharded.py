"""Train toys sharded and not, in each process of torchrun.

    python train_sharded.py DATA

Makes folders in the current one: whole/ and sharded/ (of ADDP, the latter with a stop and a second
start), gathered/ and between/ (likewise, stopped inside an accumulation), and classifier/ (sharded,
with a best checkpoint).
"""

import sys
import time

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from mmaddp.run.toys import TOYS, ToyForm, toy_options
from mmaddp.run.training import TrainFlags, train, training_config

SHARDED = dict(runner_type='mmaddp.ShardedRunner')
OFTEN = {'default_hooks.checkpoint.by_epoch': False, 'default_hooks.checkpoint.interval': 1}
BEST = {'default_hooks.checkpoint.save_best': 'accuracy/top1'}
STOP = dict(custom_hooks=[dict(type='Stop')])
RECOMPUTE = dict(custom_hooks=[dict(type='mmaddp.RecomputeHook')])


@HOOKS.register_module()
class Stop(Hook):
    """Ends the run after three of its steps, in the middle of its second epoch."""

    priority = 'LOWEST'

    def after_train_iter(self, runner, *args, **kwargs):
        if runner.iter == 2:
            raise SystemExit


def run(kind, data, folder, form, **options):
    """Start a toy, or continue it if there is something to continue from."""
    # mmengine names loggers and log files by the second: two starts in one would share them.
    time.sleep(1 - time.time() % 1)
    cfg, notes = training_config(
        TrainFlags(resume='auto'),
        config=TOYS[kind],
        cfg_options=toy_options(kind, data, form) | options,
        work_dir=folder,
        launcher='pytorch',
    )
    try:
        train(cfg, notes)
    except SystemExit:
        assert STOP.items() <= options.items()


if __name__ == '__main__':
    torch.set_num_threads(1)
    data = sys.argv[1]
    plain, gathering = ToyForm(epochs=2), ToyForm(epochs=2, accumulate=2)
    run('addp', data, 'whole', plain)
    run('addp', data, 'sharded', plain, **SHARDED, **STOP)
    run('addp', data, 'sharded', plain, **SHARDED)
    run('addp', data, 'gathered', gathering, **OFTEN)
    run('addp', data, 'between', gathering, **OFTEN, **SHARDED, **STOP)
    run('addp', data, 'between', gathering, **OFTEN, **SHARDED, **RECOMPUTE)
    run('classification', data, 'classifier', plain, **SHARDED, **BEST)
