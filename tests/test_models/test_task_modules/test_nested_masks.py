import math

import pytest
import torch

from mmaddp.models.task_modules import NestedMaskSampler, mask_smallest

CPU = torch.device('cpu')


def test_ratios_are_the_official_grid():
    sampler = NestedMaskSampler(256)
    assert len(sampler.ratios) == 66
    assert (sampler.ratios.diff() > 0).all()
    assert sampler.ratios[0] == pytest.approx(0.5090, abs=1e-4)
    assert float(sampler.probs.sum()) == pytest.approx(1)
    assert float((sampler.ratios * sampler.probs).sum()) == pytest.approx(0.745, abs=1e-3)
    full = torch.tensor([math.ceil(256 * ratio) == 256 for ratio in sampler.ratios.tolist()])
    assert int(full.sum()) == 5
    assert float(sampler.probs[full].sum()) == pytest.approx(0.028, abs=1e-3)


@pytest.mark.parametrize('per_sample', [False, True])
def test_masks_are_nested_and_exact(per_sample):
    torch.manual_seed(0)
    sampler = NestedMaskSampler(64, per_sample=per_sample)
    counts = set()
    for iteration in range(50):
        masks = sampler.draw(4, CPU, sample_seeds=range(4 * iteration, 4 * iteration + 4))
        assert not (masks.mask_t & ~masks.mask_s).any()
        visible = tuple((~masks.mask_t).sum(1).tolist())
        assert visible == masks.num_visible
        assert per_sample or len(set(visible)) == 1
        counts.update(visible)
    assert len(counts) > 5
    assert max(counts) <= 32


def test_offset_reaches_one_to_five_and_stops_at_the_end():
    sampler = NestedMaskSampler(10**6)
    index_of = {count: index for index, count in enumerate(sampler._counts)}
    torch.manual_seed(0)
    offsets = set()
    for _ in range(2000):
        n_t, n_s = sampler.draw_counts()
        last = index_of[n_s] == len(index_of) - 1
        offsets.add(None if last else index_of[n_s] - index_of[n_t])
    assert offsets == {None, 1, 2, 3, 4, 5}


def test_seeds_decide_alone():
    sampler = NestedMaskSampler(16, per_sample=True)
    together = sampler.draw(3, CPU, sample_seeds=[5, 6, 7])
    alone = sampler.draw(1, CPU, sample_seeds=[6])
    assert torch.equal(together.mask_t[1], alone.mask_t[0])
    assert torch.equal(together.mask_s[1], alone.mask_s[0])


def test_seeds_are_needed_per_sample():
    with pytest.raises(ValueError, match=r'mmaddp\.SeededDataset'):
        NestedMaskSampler(16, per_sample=True).draw(2, CPU)


def test_counts_stay_exact_when_noise_ties():
    mask = mask_smallest(torch.zeros(2, 8), torch.tensor([[3], [8]]))
    assert mask.sum(1).tolist() == [3, 8]


def test_empty_range():
    with pytest.raises(ValueError, match=r'\[0.9999, 1.0\)'):
        NestedMaskSampler(16, min_ratio=0.9999)
