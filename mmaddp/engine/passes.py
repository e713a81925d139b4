"""One update from several passes over parts of a batch, each as the batch of a rank would be."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, Optional

import numpy as np
from mmengine.dist import get_world_size
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from mmaddp.datasets.seeding import seed_iteration


def train_in_passes(runner, batch: Any, passes: int = 1) -> dict[str, Any]:
    """Train on a batch, part by part, and update once.

    The parts are those that a sampler would have dealt to so many times more ranks, and each pass
    draws from generators that are seeded as on that rank. One process with two passes therefore
    does what two processes do, but for rounding; statistics of batch norms excepted.

    Args:
        runner (Runner): Its model is trained.
        batch (Any): A batch of the data loader.
        passes (int): Parts to divide it into. Defaults to 1.

    Returns:
        dict: What the passes return for the log, averaged over the samples.
    """
    size = batch_size(batch) if passes > 1 else 1
    passes = min(passes, size)  # the last batch of an epoch may be small
    different = passes > 1 and runner._randomness_cfg.get('diff_rank_seed', False)
    averages: dict[str, Any] = {}
    for number in range(passes):
        seed_iteration(runner.seed + number * get_world_size() * different, runner.iter)
        if passes == 1:
            return runner.model.train_step(batch, optim_wrapper=runner.optim_wrapper)
        which = slice(number, None, passes)
        share = len(range(size)[which]) / size
        wrapper = OnePass(runner.optim_wrapper, share, last=number == passes - 1)
        outputs = runner.model.train_step(take(batch, which, size), optim_wrapper=wrapper)
        for name, value in outputs.items():
            averages[name] = averages.get(name, 0) + share * value
    return averages


class OnePass:
    """An optimizer's wrapper during one of several passes: only the last one counts and updates.

    Args:
        wrapper (OptimWrapper): The wrapper; it has every attribute that is not here.
        share (float): Share of the batch that the pass sees, in (0, 1].
        last (bool): Whether it is the last pass.
    """

    def __init__(self, wrapper: OptimWrapper, share: float, last: bool) -> None:
        self._wrapper = wrapper
        self._share = share
        self._last = last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapper, name)

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Context of a forward pass; before the last one, ranks do not exchange gradients."""
        alone = not self._last and hasattr(model, 'no_sync')
        with model.no_sync() if alone else nullcontext(), self._wrapper.optim_context(model):
            yield

    def update_params(
        self,
        loss: Tensor,
        step_kwargs: Optional[dict] = None,
        zero_kwargs: Optional[dict] = None,
    ) -> None:
        """Gather the gradient of the share of the loss; update after the last pass."""
        loss = loss * self._share
        if self._last:
            self._wrapper.update_params(loss, step_kwargs, zero_kwargs)
            return
        count = self._wrapper._inner_count
        self._wrapper.backward(self._wrapper.scale_loss(loss))
        self._wrapper._inner_count = count  # of iterations, not of passes


def batch_size(batch: Any) -> int:
    """Samples in a batch of a data loader: a tensor, a list, or a dict of them."""
    if isinstance(batch, Mapping):
        return batch_size(batch['data_samples' if batch.get('data_samples') else 'inputs'])
    return len(batch)


def take(batch: Any, which: slice, size: int) -> Any:
    """Some samples of a batch: tensors and lists are cut, dicts are kept.

    Args:
        batch (Any): The batch, or a part of it.
        which (slice): Numbers of the samples.
        size (int): Samples in the batch.

    Raises:
        ValueError: It holds something that belongs to no sample.
    """
    if isinstance(batch, Mapping):
        return {key: take(value, which, size) for key, value in batch.items()}
    if isinstance(batch, Tensor | np.ndarray | list | tuple) and len(batch) == size:
        return batch[which]
    if isinstance(batch, list | tuple):  # several views
        return [take(view, which, size) for view in batch]
    raise ValueError(
        f'A batch that holds a {type(batch).__name__} cannot be divided into passes: use more '
        'processes or a larger train_dataloader.batch_size.'
    )
