"""How much of its time a training waits for data, and what to do about it."""

from collections import deque
from typing import Optional

import torch
from mmengine.hooks import Hook
from torch import nn
from torch.utils.data import DataLoader

from mmaddp.datasets import TokenDataset
from mmaddp.datasets.nesting import innermost_datasets
from mmaddp.registry import HOOKS
from mmaddp.utils.wrappers import unwrap


@HOOKS.register_module()
class DataTimeHook(Hook):
    """Log ``data_time_share``: how much of the last iterations' time went into waiting for data.

    It is 0 where the data keep up. The first time that a full window of iterations exceeds the
    limit, the log says which setting to change. Needs mmengine's ``IterTimerHook``.

    Args:
        window (int): Iterations that are looked at together. Defaults to 100.
        limit (float): Share in 0..1 above which there is a hint. Defaults to 0.1.

    Raises:
        ValueError: ``window`` is below 1, or ``limit`` not within 0..1.
    """

    # After the timer, before the logger.
    priority = 'NORMAL'

    def __init__(self, window: int = 100, limit: float = 0.1) -> None:
        if window < 1 or not 0 <= limit <= 1:
            raise ValueError(
                f'DataTimeHook takes window >= 1 and limit within 0..1, got {window} and {limit}.'
            )
        self.window = window
        self.limit = limit
        self._times: deque[tuple[float, float]] = deque(maxlen=window)
        self._is_first = True
        self._hinted = False

    def before_train(self, runner) -> None:
        """Begin to count anew: the first iteration starts the workers."""
        self._is_first = True

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: Optional[dict] = None
    ) -> None:
        """Add an iteration; give the hint where it is due."""
        if self._is_first:
            self._is_first = False
            return
        scalars = runner.message_hub.log_scalars
        if not {'train/data_time', 'train/time'} <= scalars.keys():
            return
        waited, whole = (scalars[f'train/{name}'].current() for name in ('data_time', 'time'))
        self._times.append((waited, whole))
        sums = [sum(column) for column in zip(*self._times)]
        share = sums[0] / sums[1] if sums[1] else 0.0
        runner.message_hub.update_scalar('train/data_time_share', share)
        if share > self.limit and len(self._times) == self.window and not self._hinted:
            self._hinted = True
            runner.logger.warning(
                f'{share:.0%} of the last {self.window} iterations were spent waiting for data. '
                f'{switch_to_turn(runner.train_dataloader, unwrap(runner.model))}'
            )


def switch_to_turn(loader: DataLoader, model: nn.Module) -> str:
    """The setting that promises most, in words.

    Args:
        loader (DataLoader): Of the training.
        model (nn.Module): The model, without wrappers.

    Returns:
        str: A sentence that names it.
    """
    on_tokens = all(isinstance(d, TokenDataset) for d in innermost_datasets(loader.dataset))
    takes_tokens = any(name.endswith('token_predictor') for name, _ in model.named_modules())
    if loader.num_workers == 0:
        return 'Set train_dataloader.num_workers, to 2 or more: images are read while it computes.'
    if not loader.persistent_workers:
        return 'Set train_dataloader.persistent_workers=True: workers are started anew every epoch.'
    if torch.cuda.is_available() and not loader.pin_memory:
        return 'Set train_dataloader.pin_memory=True: batches are copied to the GPU more slowly.'
    if takes_tokens and not on_tokens:
        return (
            'A token cache replaces the images (docs/scaling.md, Token cache); or raise '
            f'train_dataloader.num_workers, now {loader.num_workers}.'
        )
    return (
        f'Raise train_dataloader.num_workers, now {loader.num_workers}, as far as there are cores; '
        'if the disk is slow, put images into tar files (docs/scaling.md, Data that keep up).'
    )
