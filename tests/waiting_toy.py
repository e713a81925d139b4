"""A training of a few steps that stays in one of them until the test has done something to it."""

from pathlib import Path

import torch
from toy_data import copy_digits

from mmaddp.run.toys import TOYS, toy_options

STEP = 5  # the second one of the second epoch, counted from 0
RELEASE = 'go'  # the file that ends the wait

HOOK = f"""
import time
from pathlib import Path
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class Wait(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == {STEP}:
            Path(f'ready{{get_rank()}}').touch()
            while not Path({RELEASE!r}).exists():
                time.sleep(0.05)
        if Path(f'die{{get_rank()}}').exists():
            raise RuntimeError('this rank was told to die')
"""


def waiting_toy(folder: Path) -> list[str]:
    """Write configuration and data; return what follows the name of a launcher.

    The folder has to be the current one, and in ``PYTHONPATH``. A rank that waits makes a file
    ``readyRANK``; one that finds ``dieRANK`` raises an error.
    """
    copy_digits(folder / 'digits')
    (folder / 'wait.py').write_text(HOOK)
    (folder / 'toy.py').write_text(
        f'_base_ = [{TOYS["classification"]!r}]\n'
        'train_dataloader = dict(batch_size=4)\n'  # four steps an epoch, for two ranks
        'custom_imports = dict(imports=["wait"])\ncustom_hooks = [dict(type="Wait")]\n'
    )
    options = toy_options('classification', folder / 'digits')
    places = [f'{key}={value}' for key, value in options.items() if key.endswith('data_root')]
    return ['toy.py', '--cfg-options', *places]


def ready(folder: Path, ranks: int = 2) -> bool:
    """Whether all ranks wait."""
    return all((folder / f'ready{rank}').exists() for rank in range(ranks))


def last_checkpoint(folder: Path) -> dict:
    """The newest checkpoint of a work folder."""
    name = (folder / 'last_checkpoint').read_text()
    return torch.load(folder / name, weights_only=True)
