import pickle
import random

import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.registry import init_default_scope
from PIL import Image
from torch.utils.data import DataLoader

from mmaddp.datasets import SampleIndex, SeededDataset, SeededSampler
from mmaddp.datasets.seeding import sample_seeds
from mmaddp.registry import DATASETS


class DrawFromEveryGenerator(BaseTransform):
    """Adds what the three generators give to the sample."""

    def transform(self, results):
        results['draws'] = torch.tensor(
            [random.random(), np.random.rand(), torch.rand(()).item()], dtype=torch.float64
        )
        return results


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(13):
        size = (rng.integers(20, 60), rng.integers(20, 60), 3)
        path = tmp_path / f'{i % 2}' / f'{i:02}.png'
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, size, np.uint8)).save(path)
    return tmp_path


def build(folder, seed=None, **kwargs):
    crop = dict(type='RandomResizedCrop', scale=16, backend='pillow')
    inner = dict(
        type='CustomDataset',
        data_root=str(folder),
        pipeline=[
            dict(type='mmaddp.LoadRGBImage'),
            DrawFromEveryGenerator(),
            crop,
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackInputs', algorithm_keys=['draws']),
        ],
        **kwargs,
    )
    init_default_scope('mmpretrain')
    return DATASETS.build(dict(type='mmaddp.SeededDataset', dataset=inner, seed=seed))


def run(loader, sampler, epochs):
    """What training sees: per epoch, (order, pixels, draws, seeds)."""
    seen = []
    for epoch in epochs:
        sampler.set_epoch(epoch)
        batches = [sample for batch in loader for sample in batch]
        samples = [batch['data_samples'] for batch in batches]
        seen.append(
            (
                [sample.sample_idx for sample in samples],
                torch.stack([batch['inputs'] for batch in batches]),
                torch.stack([sample.draws for sample in samples]),
                [sample.sample_seed for sample in samples],
            )
        )
    return seen


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        assert a[0] == b[0] and a[3] == b[3]
        assert torch.equal(a[1], b[1]) and torch.equal(a[2], b[2])


def loader_of(dataset, seed=0, **kwargs):
    sampler = SeededSampler(dataset, seed=seed)
    return DataLoader(dataset, 4, sampler=sampler, collate_fn=list, **kwargs), sampler


def test_sample_is_a_function_of_seed_epoch_and_index(folder):
    dataset = build(folder, seed=3)
    sample = dataset[SampleIndex(5, epoch=2)]
    torch.rand(7), np.random.rand(7), random.random()
    again = dataset[SampleIndex(5, epoch=2)]
    assert torch.equal(sample['inputs'], again['inputs'])
    assert torch.equal(sample['data_samples'].draws, again['data_samples'].draws)
    seed = sample['data_samples'].sample_seed
    assert type(seed) is int and seed == again['data_samples'].sample_seed
    others = [
        dataset[SampleIndex(5, epoch=1)],
        dataset[SampleIndex(4, epoch=2)],
        build(folder, seed=4)[SampleIndex(5, epoch=2)],
    ]
    for other in others:
        assert other['data_samples'].sample_seed != seed
        assert (other['data_samples'].draws != sample['data_samples'].draws).all()
    assert torch.equal(dataset[-1]['inputs'], dataset[12]['inputs'])


def test_seed_of_the_sampler_or_of_the_data_set(folder):
    by_sampler, fixed = build(folder), build(folder, seed=0)
    index = SampleIndex(5, epoch=1, seed=7)
    seed = build(folder, seed=7)[SampleIndex(5, epoch=1)]['data_samples'].sample_seed
    assert by_sampler[index]['data_samples'].sample_seed == seed
    assert fixed[index]['data_samples'].sample_seed != seed
    assert by_sampler[5]['data_samples'].sample_seed == fixed[5]['data_samples'].sample_seed


@pytest.mark.parametrize('num_workers', [1, 2])
@pytest.mark.parametrize('persistent', [False, True])
def test_workers_change_nothing(folder, num_workers, persistent):
    dataset = build(folder)
    expected = run(*loader_of(dataset), epochs=[0, 1])
    loader = loader_of(dataset, num_workers=num_workers, persistent_workers=persistent)
    assert_same(expected, run(*loader, epochs=[0, 1]))
    assert sorted(expected[0][0]) == sorted(expected[1][0]) == list(range(13))
    assert expected[0][0] != expected[1][0]
    assert not set(expected[0][3]) & set(expected[1][3])


def test_restored_position_continues_at_the_very_sample(folder):
    dataset = build(folder)
    expected = run(*loader_of(dataset), epochs=[0, 1])
    loader, sampler = loader_of(dataset, seed=99, num_workers=2)
    # three of the batches of epoch 1 were used, whatever was prefetched
    state = SeededSampler(dataset, seed=0)
    state.set_epoch(1)
    sampler.load_state_dict(pickle.loads(pickle.dumps(state.state_dict(consumed=8))))
    ((order, pixels, draws, seeds),) = run(loader, sampler, epochs=[1])
    assert order == expected[1][0][8:] and seeds == expected[1][3][8:]
    assert torch.equal(pixels, expected[1][1][8:]) and torch.equal(draws, expected[1][2][8:])


def test_global_generators_are_untouched(folder):
    dataset = build(folder)
    torch.manual_seed(0), np.random.seed(0), random.seed(0)
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    dataset[3]
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all() and random.getstate() == states[2]


def test_forwards_the_data_set(folder):
    dataset = build(folder, lazy_init=True)
    dataset.full_init()
    assert len(dataset) == 13 and dataset.metainfo['classes'] == ('0', '1')
    assert dataset.CLASSES == ('0', '1') and dataset.get_cat_ids(0) == [0]
    assert dataset.get_data_info(12)['img_path'].endswith('11.png')
    assert not hasattr(dataset, 'coco') and not hasattr(dataset, '_serialize_data')
    twin = pickle.loads(pickle.dumps(SeededDataset(dataset.dataset, seed=2)))
    assert twin.seed == 2 and len(twin) == 13


def test_samples_without_data_samples_pass():
    dataset = SeededDataset([(1, 2), (3, 4)])
    assert dataset[1] == (3, 4)


def test_empty_data_set():
    with pytest.raises(ValueError, match='list holds no sample'):
        SeededDataset([])


@pytest.mark.parametrize('with_label', [False, True])
def test_empty_folder(tmp_path, with_label):
    with pytest.raises((RuntimeError, ValueError), match='Found 0 files') as error:
        build(tmp_path, with_label=with_label)
    assert str(tmp_path) in str(error.value)


def test_bad_seed():
    with pytest.raises(ValueError, match='-3'):
        SeededDataset([1], seed=-3)


class Lazy:
    """A data set that knows how many samples it has when its annotations are read."""

    metainfo: dict = {}

    def __init__(self, number):
        self.number, self._fully_initialized = number, False

    def full_init(self):
        self._fully_initialized = True

    def __len__(self):
        assert self._fully_initialized
        return self.number


@pytest.mark.parametrize('number', [0, 3])
def test_an_empty_set_is_told_when_its_annotations_are_read(number):
    dataset = SeededDataset(Lazy(number))
    if number:
        dataset.full_init()
        assert len(dataset) == 3
        return
    with pytest.raises(ValueError, match='Lazy holds no sample'):
        dataset.full_init()


def test_plain_index_counts_from_the_first_sample_of_the_first_epoch(folder):
    dataset = build(folder, seed=3)
    for index in (0, 1, 12):
        expected = sample_seeds(3, 0, index).sample
        assert dataset[index]['data_samples'].sample_seed == expected
    assert dataset[-1]['data_samples'].sample_seed == sample_seeds(3, 0, 12).sample


def test_one_sample_or_no_dict_is_a_data_set():
    assert SeededDataset([dict(label=1)])[0] == dict(label=1)
    assert SeededDataset([['data_samples']])[0] == ['data_samples']


def test_a_hook_may_replace_the_pipeline(folder):
    dataset = build(folder)
    replacement = object()
    dataset.pipeline = replacement
    assert dataset.dataset.pipeline is dataset.pipeline is replacement
    assert pickle.loads(pickle.dumps(SeededDataset([1, 2], seed=4))).seed == 4


def test_a_batch_is_its_samples_and_leaves_the_generators_alone(folder):
    dataset = build(folder, seed=3)
    indices = [SampleIndex(index, epoch=2) for index in (4, 0, 12)]
    before = random.getstate(), torch.get_rng_state()
    batch = dataset.__getitems__(indices)
    assert random.getstate() == before[0] and torch.equal(torch.get_rng_state(), before[1])
    for sample, index in zip(batch, indices):
        single = dataset[index]
        assert torch.equal(sample['inputs'], single['inputs'])
        assert sample['data_samples'].sample_seed == single['data_samples'].sample_seed
        assert torch.equal(sample['data_samples'].draws, single['data_samples'].draws)
