"""Train and evaluate the toys of several kinds, in one process or in each process of torchrun.

    python train_alike.py DATA OUT KIND ...

OUT/KIND.pth gets the losses of each step, averaged over the processes, the metrics and the weights.
"""

import os
import sys
import traceback
from pathlib import Path

import torch
from kinds import FOLDERS, read_kind
from mmengine.dist import all_reduce, get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner


class Record(Hook):
    """Keeps what the log shows; losses are averaged over the processes."""

    def __init__(self):
        self.steps = []
        self.metrics = {}

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        names = sorted(name for name in outputs if 'loss' in name)
        values = torch.stack([torch.as_tensor(outputs[name]).double() for name in names])
        all_reduce(values, 'mean')
        self.steps.append(dict(zip(names, values.tolist())))

    def after_val_epoch(self, runner, metrics=None):
        self.metrics = {name: float(value) for name, value in metrics.items()}


def train_alike(kind: str, data: Path, out: Path) -> None:
    """Train on 8 pictures a step, or 4 scenes, whatever the number of processes."""
    processes = int(os.environ.get('WORLD_SIZE', 1))
    total, steps = (4, 6) if kind in FOLDERS else (8, 12)
    length = dict(train_cfg__max_iters=steps) if kind in FOLDERS else {}
    cfg = read_kind(
        *(kind, data, out / f'{kind}{get_rank()}', 'pytorch' if processes > 1 else 'none'),
        train_dataloader__batch_size=total // processes,
        train_cfg__val_interval=100,
        default_hooks__checkpoint__interval=100,
        log_level='ERROR',
        **length,
    )
    runner = Runner.from_cfg(cfg)
    record = Record()
    runner.register_hook(record)
    runner.train()
    assert runner.iter == steps
    if get_rank() == 0:
        state = getattr(runner.model, 'module', runner.model).state_dict()
        weights = {name.replace('.module.', '.'): value for name, value in state.items()}
        content = dict(losses=record.steps, metrics=record.metrics, weights=weights)
        torch.save(content, out / f'{kind}.pth')


def main() -> None:
    torch.set_num_threads(1)
    data, out = map(Path, sys.argv[1:3])
    for kind in sys.argv[3:]:
        try:
            train_alike(kind, data, out)
        except Exception:
            (out / f'{kind}.{get_rank()}.txt').write_text(traceback.format_exc())
            raise


if __name__ == '__main__':
    main()
