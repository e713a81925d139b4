"""Train toys sharded and not, in each process of torchrun.

    python train_sharded.py DATA

Makes folders in the current one: whole/ and sharded/ (of ADDP, the latter with a stop after the
first epoch), between/ (stopped inside an accumulation) and classifier/ (with a best checkpoint).
"""

import sys

import torch

from mmaddp.run.toys import TOYS, ToyForm, toy_options
from mmaddp.run.training import TrainFlags, train, training_config

SHARDED = dict(runner_type='mmaddp.ShardedRunner')


def run(kind, data, folder, form, **options):
    """Start a toy, or continue it if there is something to continue from."""
    options = toy_options(kind, data, form) | options
    cfg, notes = training_config(
        TrainFlags(resume='auto'),
        config=TOYS[kind],
        cfg_options=options,
        work_dir=folder,
        launcher='pytorch',
    )
    train(cfg, notes)


if __name__ == '__main__':
    torch.set_num_threads(1)
    data = sys.argv[1]
    run('addp', data, 'whole', ToyForm(epochs=2))
    run('addp', data, 'sharded', ToyForm(epochs=2), **SHARDED, **{'train_cfg.max_epochs': 1})
    run('addp', data, 'sharded', ToyForm(epochs=2), **SHARDED)
    gathered = ToyForm(epochs=3, accumulate=2)
    often = {'default_hooks.checkpoint.by_epoch': False, 'default_hooks.checkpoint.interval': 1}
    run('addp', data, 'gathered', gathered, **often)
    run('addp', data, 'between', gathered, **SHARDED, **often, **{'train_cfg.max_epochs': 1})
    run('addp', data, 'between', gathered, **SHARDED, **often)
    best = {'default_hooks.checkpoint.save_best': 'accuracy/top1'}
    run('classification', data, 'classifier', ToyForm(epochs=1), **SHARDED, **best)
