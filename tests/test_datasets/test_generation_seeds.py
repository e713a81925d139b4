import pytest

from mmaddp.datasets import GenerationSeeds


def seeds(dataset):
    samples = [dataset[position]['data_samples'] for position in range(len(dataset))]
    return {sample.sample_idx: sample.seed for sample in samples}


def test_a_subset_has_the_seeds_of_the_whole():
    whole = seeds(GenerationSeeds(num_images=10, seed=3))
    assert list(whole) == list(range(10)) and len(set(whole.values())) == 10
    assert seeds(GenerationSeeds(num_images=3, first_index=5, seed=3)).items() <= whole.items()
    some = seeds(GenerationSeeds(indices=[7, 2, 7], seed=3))
    assert list(some) == [2, 7] and some.items() <= whole.items()
    assert seeds(GenerationSeeds(num_images=10, seed=4))[0] != whole[0]


@pytest.mark.parametrize(
    'wrong, message',
    [
        (dict(num_images=0), 'num_images must be at least 1, got 0'),
        (dict(), 'num_images must be at least 1, got None'),
        (dict(indices=[]), 'Image numbers'),
        (dict(indices=[4, -1]), r'must not be negative, got \[-1\]'),
        (dict(num_images=3, first_index=-2), 'must not be negative'),
        (dict(num_images=3, indices=[1]), 'not both'),
    ],
)
def test_bad_arguments(wrong, message):
    with pytest.raises(ValueError, match=message):
        GenerationSeeds(**wrong)
