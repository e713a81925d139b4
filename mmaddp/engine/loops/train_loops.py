"""mmengine's training loops, able to continue anywhere as if they had never been interrupted."""

import math
from collections.abc import Iterator
from typing import Any, Optional

import mmengine.runner
import torch
from mmengine.dist import get_world_size
from torch.utils.data import BatchSampler

from mmaddp.datasets.seeded_infinite_sampler import SeededInfiniteSampler
from mmaddp.datasets.seeded_sampler import SeededSampler
from mmaddp.datasets.seeding import seed_iteration
from mmaddp.engine.accumulation import accumulation, batch_counts, set_batch_counts
from mmaddp.engine.passes import train_in_passes
from mmaddp.registry import LOOPS

from .batch_stream import batches_from, set_epoch


class _ExactLoop(mmengine.runner.BaseLoop):
    """What both loops share: random numbers, position, and the validation that a kill left out.

    Each iteration, the reading of its batch in this process, and each validation draw from
    generators that are seeded with the seed of the run (of the rank, with ``diff_rank_seed=True``)
    and the number of the iteration. So there is no random state that a checkpoint would have to
    hold, and none that a rank could lack.
    """

    _seekable: type[SeededSampler] = SeededSampler
    _used = 0  # batches of this epoch, or of an endless stream, that this rank has used
    _validated = True  # whether a validation that was due after the last iteration is done
    _position: Optional[dict] = None

    def __init__(self, *args, passes: int = 1, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.passes = passes

    def position(self) -> dict:
        """Where training is, as plain types; the same on all ranks.

        Returns:
            dict: ``batches`` used in this epoch (since training began, if iterations are counted)
            by each rank; ``num_ranks``, ``batch_size`` of a rank and ``accumulation``, which give
            them a meaning; ``counts``, the batches that each optimizer has had; ``validated``,
            whether no validation is due; ``samples``, the state of a ``mmaddp.SeededSampler``,
            where there is one.
        """
        loader = self.dataloader
        state = dict(
            batches=self._used,
            num_ranks=get_world_size(),
            batch_size=getattr(loader.batch_sampler, 'batch_size', None),
            accumulation=accumulation(self.runner.optim_wrapper),
            counts=batch_counts(self.runner.optim_wrapper),
            validated=self._validated,
        )
        sampler = self._sampler()
        if sampler is not None:
            state['samples'] = self._samples(sampler)
        return state

    def go_to(self, position: Optional[dict]) -> None:
        """Continue at a position; :meth:`run` does so.

        Args:
            position (dict, optional): From :meth:`position`. None for a checkpoint that holds
                none: training then continues at the start of the epoch, or at its iteration.
        """
        self._position = position

    def validation_broken_off(self) -> None:
        """Note that the validation under way is still due; a resumed run begins with it."""
        self._validated = False

    def _sampler(self) -> Optional[SeededSampler]:
        """The sampler, if its position can be set, and batches follow from it alone."""
        sampler = self.dataloader.sampler
        plain = type(self.dataloader.batch_sampler) is BatchSampler
        return sampler if plain and isinstance(sampler, self._seekable) else None

    def _seek(self, unstated: int) -> int:
        """Move the sampler to the position; return how many batches are still to be skipped.

        Args:
            unstated (int): Batches used where no position is given.
        """
        position, self._position = self._position, None
        self._used = unstated
        if position is not None:
            self._used, self._validated = position['batches'], position['validated']
            set_batch_counts(self.runner.optim_wrapper, position['counts'])
        sampler = self._sampler()
        if sampler is None:
            return self._used
        state = (position or {}).get('samples') or self._samples(sampler)
        # In batches of this run, whose size may be another one.
        self._used = math.ceil(sampler.load_state_dict(state) / self.dataloader.batch_size)
        return 0

    def _batches(self, skip: int, endless: bool) -> Iterator[Any]:
        """Batches in their order; before one is read, the generators are seeded for it."""
        if self.dataloader.generator is None:
            # A loader that begins draws a number, which must not be one of the iteration's.
            self.dataloader.generator = torch.Generator()
        stream = batches_from(self.dataloader, skip, endless)
        while True:
            self._seed()
            try:
                yield next(stream)
            except StopIteration:
                return

    def _train(self, idx: int, batch: Any) -> None:
        """Train on the ``idx``-th batch, as mmengine's loops do."""
        self.runner.call_hook('before_train_iter', batch_idx=idx, data_batch=batch)
        outputs = train_in_passes(self.runner, batch, self.passes)
        self.runner.call_hook('after_train_iter', batch_idx=idx, data_batch=batch, outputs=outputs)
        self._iter += 1

    def _seed(self) -> None:
        seed_iteration(self.runner.seed, self._iter)

    def _validate(self, step: int, last: int) -> None:
        """Validate if it is time; a checkpoint that this saves says that it is done."""
        self._decide_current_val_interval()
        self._validated = True
        due = step >= self.val_begin and (step % self.val_interval == 0 or step == last)
        if due and self.runner.val_loop is not None:
            self._seed()
            self.runner.val_loop.run()

    def _catch_up(self, step: int, last: int) -> None:
        """Validate after resuming from a checkpoint that was saved just before a validation."""
        if not self._validated and step > 0:
            self._validate(step, last)


@LOOPS.register_module()
class EpochBasedTrainLoop(_ExactLoop, mmengine.runner.EpochBasedTrainLoop):
    """mmengine's loop, which continues inside an epoch and draws numbers as if never stopped.

    A checkpoint inside an epoch is continued at the batch behind it, whose predecessors are not
    read again; mmengine's loop begins the epoch anew. Takes mmengine's arguments, and ``passes``
    (int), into which each batch is divided; it defaults to 1.
    """

    def run(self) -> Any:
        """Train."""
        self.runner.call_hook('before_train')
        self._skip = self._seek(0)
        if not self._used:
            self._catch_up(self._epoch, self._max_epochs)
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            self._validate(self._epoch, self._max_epochs)
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_epoch(self) -> None:
        """Train for an epoch, or what is left of it."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        skip, self._skip = self._skip, 0
        for batch in self._batches(skip, endless=False):
            self.run_iter(self._used, batch)
        self._used = 0
        self._validated = False
        set_epoch(self.dataloader, self._epoch + 1)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Train on one batch, the ``idx``-th of its epoch."""
        self._used = idx + 1
        self._train(idx, data_batch)

    def _samples(self, sampler: SeededSampler) -> dict:
        used = min(self._used * self.dataloader.batch_size, len(sampler))
        return sampler.state_dict(used)


class _Unread(list):
    """Stands for a data loader from which nothing is read yet."""

    def __init__(self, dataset: Any) -> None:
        super().__init__()
        self.dataset = dataset


@LOOPS.register_module()
class IterBasedTrainLoop(_ExactLoop, mmengine.runner.IterBasedTrainLoop):
    """mmengine's loop, which continues without reading what was used before it was stopped.

    mmengine 0.10.7 reads all the data again. Epochs of a finite sampler follow one another without
    a pause. Takes mmengine's arguments, and ``passes`` (int), into which each batch is divided; it
    defaults to 1.
    """

    _seekable = SeededInfiniteSampler

    def __init__(self, runner, dataloader, *args, **kwargs) -> None:
        if isinstance(dataloader, dict):
            different = runner._randomness_cfg.get('diff_rank_seed', False)
            dataloader = runner.build_dataloader(dataloader, runner.seed, different)
        # mmengine 0.10.7 starts workers at once, which read from the beginning.
        super().__init__(runner, _Unread(dataloader.dataset), *args, **kwargs)
        self.dataloader = dataloader

    def run(self) -> Any:
        """Train."""
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        forward = not getattr(self, 'fast_forward_on_resume', False)
        skip = self._seek(self._iter) if forward else 0
        self._catch_up(self._iter, self._max_iters)
        self.dataloader_iterator = self._batches(skip, endless=True)
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(self.dataloader_iterator))
            self._validate(self._iter, self._max_iters)
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_iter(self, data_batch: Any) -> None:
        """Train on one batch."""
        self._used += 1
        self._validated = False
        self._train(self._iter, data_batch)

    def _samples(self, sampler: SeededSampler) -> dict:
        return sampler.state_dict(self._used * self.dataloader.batch_size)
