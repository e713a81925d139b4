"""Masks of the token predictor's pre-training."""

import math

import pytest
import torch

from mmaddp.models.token_predictors import MAGEMaskSampler


def truncated_normal_moments(low, high, mean, std):
    """Mean and standard deviation, by summation over a fine grid."""
    grid = torch.linspace(low, high, 100001, dtype=torch.float64)
    weight = torch.exp(-0.5 * ((grid - mean) / std) ** 2)
    first = (grid * weight).sum() / weight.sum()
    second = ((grid - first) ** 2 * weight).sum() / weight.sum()
    return first.item(), second.sqrt().item()


def test_ratio_follows_the_truncated_normal():
    sampler = MAGEMaskSampler()
    generator = torch.Generator().manual_seed(0)
    ratios = torch.tensor([sampler.draw_ratio(generator) for _ in range(4000)])
    assert ratios.min() >= 0.5
    assert ratios.max() <= 1
    assert ratios.unique().numel() > 3900  # continuous, not a grid
    mean, std = truncated_normal_moments(0.5, 1.0, 0.55, 0.25)
    assert mean == pytest.approx(0.694, abs=1e-3)
    assert ratios.mean().item() == pytest.approx(mean, abs=4 * std / 4000**0.5)
    assert ratios.std().item() == pytest.approx(std, rel=0.05)


def test_ratio_at_the_ends_of_the_range():
    sampler = MAGEMaskSampler(0.7, 0.7)
    assert sampler.draw_ratio() == 0.7
    assert MAGEMaskSampler(0.9, 1.0, mean=-5, std=0.1).draw_ratio() == 0.9


@pytest.mark.parametrize('num_tokens', [15, 16, 256])
@pytest.mark.parametrize('ratio', [0.5, 0.501, 0.75, 0.999, 1.0])
def test_counts_are_exact_and_dropped_positions_are_masked(num_tokens, ratio):
    sampler = MAGEMaskSampler()
    masks = sampler.split(torch.rand(6, num_tokens), ratio)
    assert masks.mask.dtype == torch.bool
    assert (masks.mask.sum(1) == math.ceil(num_tokens * ratio)).all()
    assert masks.kept.shape == (6, num_tokens - num_tokens // 2)  # whatever the ratio
    kept = torch.zeros_like(masks.mask).scatter(1, masks.kept, True)
    assert (kept.sum(1) == masks.kept.size(1)).all()  # each position once
    assert (kept | masks.mask).all()


def test_masks_of_one_noise_are_nested():
    sampler, noise = MAGEMaskSampler(), torch.rand(8, 30)
    smaller, larger = (sampler.split(noise, ratio).mask for ratio in (0.6, 0.8))
    assert (larger | ~smaller).all()
    threshold = noise.masked_fill(~smaller, -1).amax(1, keepdim=True)
    assert torch.equal(noise <= threshold, smaller)  # the smallest values


def test_ties_keep_the_counts():
    masks = MAGEMaskSampler().split(torch.zeros(2, 10), 0.7)
    assert (masks.mask.sum(1) == 7).all()
    assert masks.mask.gather(1, masks.kept).sum(1).tolist() == [2, 2]


def test_drop_ratio_is_an_argument():
    masks = MAGEMaskSampler(min_ratio=0.3, drop_ratio=0.25).split(torch.rand(2, 16), 0.4)
    assert masks.kept.shape == (2, 12)
    assert MAGEMaskSampler(drop_ratio=0).draw(2, 9, torch.device('cpu')).kept.shape == (2, 9)


def test_same_seed_same_masks():
    sampler, drawn = MAGEMaskSampler(), []
    for _ in range(2):
        torch.manual_seed(3)
        drawn.append(sampler.draw(2, 12, torch.device('cpu')))
    assert torch.equal(drawn[0].mask, drawn[1].mask)
    assert torch.equal(drawn[0].kept, drawn[1].kept)


@pytest.mark.parametrize(
    'wrong',
    [
        dict(min_ratio=0.9, max_ratio=0.8),
        dict(min_ratio=0.0, drop_ratio=0),
        dict(max_ratio=1.1),
        dict(std=0),
        dict(min_ratio=0.4),  # the default drop ratio would drop visible positions
        dict(drop_ratio=-0.1),
    ],
)
def test_impossible_ratios_are_refused(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        MAGEMaskSampler(**wrong)
