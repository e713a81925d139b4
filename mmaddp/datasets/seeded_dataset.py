"""Augmentation that depends on seed, epoch and sample alone."""

from collections.abc import Sequence
from typing import Any, Optional, Union

from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS as MMENGINE_DATASETS

from mmaddp.registry import DATASETS

from .seeding import SampleIndex, SampleSeeds, check_seed, kept_rng, sample_seeds, seed_sample


@DATASETS.register_module()
class SeededDataset:
    """Wrapper that makes a sample a function of (seed, epoch, index).

    Before the pipeline of sample i runs in epoch e, Python's ``random``, NumPy's global generator
    and PyTorch's CPU generator are seeded from (seed, e, i); afterwards they get their former
    states back. So the sample depends neither on the number of workers or ranks, nor on what was
    drawn before, nor on where a run was resumed.

    Where the wrapped pipeline returns ``data_samples``, they get the metainfo ``sample_seed``
    (int, 0..2**63-1), from which a model may draw what it needs per sample.

    The epoch comes with the index (:class:`SampleIndex`, from ``mmaddp.SeededSampler``); a plain
    integer means epoch 0. The wrapper must be the outermost one, since others (``RepeatDataset``,
    ``ConcatDataset``) compute plain indices.

    Every other public attribute is the wrapped data set's own, to read and to set.

    Args:
        dataset (dict | BaseDataset): The data set, or its config in the scope of the host.
        seed (int, optional): Non-negative seed. None takes the sampler's seed, which is the
            Runner's, and 0 where the index carries none. Defaults to None.

    Raises:
        ValueError: The data set holds no sample, or the seed is not a non-negative integer.
    """

    def __init__(self, dataset: Union[dict, BaseDataset], seed: Optional[int] = None) -> None:
        self.seed = None if seed is None else check_seed(seed)
        self.dataset = MMENGINE_DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        if getattr(self.dataset, '_fully_initialized', True):
            self._check_not_empty()

    def full_init(self) -> None:
        """Read the wrapped data set's annotations."""
        if hasattr(self.dataset, 'full_init'):
            self.dataset.full_init()
        self._check_not_empty()

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list:
        """Samples of a batch; data loaders call this.

        A data set that says ``draws_nothing`` gets all indices at once, and no seeding.
        """
        draws_nothing = getattr(self.dataset, 'draws_nothing', False)
        seeds = [self._seeds(index) for index in indices]
        if draws_nothing and all(isinstance(index, SampleIndex) for index in indices):
            samples = self.dataset.__getitems__(indices)
        else:
            samples = []
            with kept_rng():
                for index, own_seeds in zip(indices, seeds):
                    seed_sample(own_seeds)
                    samples.append(self.dataset[index if draws_nothing else int(index)])
        return list(map(_with_seed, samples, seeds))

    def _seeds(self, index: int) -> SampleSeeds:
        seed = self.seed
        if seed is None:
            seed = getattr(index, 'seed', None) or 0
        epoch = index.epoch if isinstance(index, SampleIndex) else 0
        position = int(index) if index >= 0 else index + len(self)
        return sample_seeds(seed, epoch, position)

    def __getattr__(self, name: str) -> Any:
        # Only reached for names that this class lacks. Underscored ones are not handed on:
        # protocols (pickling, torch's __getitems__) must see this object, not the wrapped one.
        if name.startswith('_') or name == 'dataset':
            raise AttributeError(f'{type(self).__name__!r} object has no attribute {name!r}')
        return getattr(self.dataset, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # Hooks of hosts replace the pipeline in the middle of a training.
        own = name.startswith('_') or name in ('seed', 'dataset')
        object.__setattr__(self if own else self.dataset, name, value)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(seed={self.seed}, dataset={self.dataset!r})'

    def _check_not_empty(self) -> None:
        if len(self.dataset) > 0:
            return
        inner = self.dataset
        places = {
            name: getattr(inner, name)
            for name in ('data_root', 'data_prefix', 'ann_file')
            if getattr(inner, name, None)
        }
        raise ValueError(
            f'The data set {type(inner).__name__} holds no sample ({places}). '
            'Check the folder, the annotation file and the filter settings.'
        )


def _with_seed(sample: Any, seeds: SampleSeeds) -> Any:
    """A sample whose ``data_samples``, if it has any, state its seed."""
    if isinstance(sample, dict) and 'data_samples' in sample:
        views = sample['data_samples']  # several with test-time augmentation
        for view in views if isinstance(views, list) else [views]:
            view.set_field(seeds.sample, 'sample_seed', field_type='metainfo')
    return sample
