import numpy as np
import pytest
import torch
from torch_fidelity.metric_prc import prc_features_to_metric
from toy_extractor import ToyExtractor

from mmaddp.evaluation.fidelity import Need, Reference, Scorer, ScoreSettings
from mmaddp.evaluation.fidelity.scores import (
    check_numbers,
    feature_statistics,
    fid_warning,
    frechet_distance,
    precision_recall,
)


def features(number, seed, shift=0.0, width=8):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(number, width, generator=generator) + shift


def test_frechet_distance_of_known_gaussians():
    identity = dict(mu=np.zeros(4, np.float32), sigma=np.eye(4))
    other = dict(mu=np.full(4, 2.0), sigma=9 * np.eye(4))  # a published file: float64
    assert frechet_distance(identity, other) == pytest.approx(4 * 4 + 4 * (3 - 1) ** 2)


def test_statistics_of_another_width():
    sets = (feature_statistics(features(20, 0, width=width)) for width in (4, 5))
    with pytest.raises(ValueError, match='4 features and the reference has 5'):
        frechet_distance(*sets)


def test_precision_and_recall_part_by_part():
    ours, real = features(60, 0, 0.5), features(50, 1)
    found = precision_recall(ours, real, ScoreSettings())
    expected = prc_features_to_metric(ours, real, save_cpu_ram=False, verbose=False)
    assert found == expected and 0 < found['precision'] != found['recall'] < 1


@pytest.mark.parametrize(
    'score, number, reference, message',
    [
        ('fid', 1, 9, r'FID needs at least 2 .* generated images are 1'),
        ('fid', 9, 1, 'reference images are 1'),
        ('kid', 999, 5000, 'KID needs at least 1000 .*kid_subset_size=1000; .* generated .* 999'),
        ('kid', 5000, 999, 'reference images are 999'),
        ('is', 9, None, 'IS needs at least 10 .*is_splits=10'),
        ('prc', 3, 100, 'PRC needs at least 4 .*prc_neighborhood=3'),
    ],
)
def test_too_few_images(score, number, reference, message):
    with pytest.raises(ValueError, match=message):
        check_numbers([score], ScoreSettings(), number, reference)


def test_enough_images():
    check_numbers(['fid', 'kid', 'is', 'prc'], ScoreSettings(), 1000, 1000)
    check_numbers(['is'], ScoreSettings(), 10, 0)


def test_fid_from_fewer_images_than_features_warns():
    assert fid_warning(2049, 2048, 'generated') is None
    assert 'FID of 2048 features from 100 generated images' in fid_warning(100, 2048, 'generated')
    scorer = Scorer(ToyExtractor(), ['fid'])
    statistics = feature_statistics(features(50, 0))
    tensors = {name: torch.from_numpy(value) for name, value in statistics.items()}
    reference = Reference({}, 50, {Need('features', 'statistics'): tensors})
    with pytest.warns(UserWarning, match='8 features from 8 generated images'):
        assert len(scorer.check(8, reference)) == 1
    assert scorer.check(9, reference) == []


@pytest.mark.parametrize('scores', [['fdi'], []])
def test_unknown_score(scores):
    with pytest.raises(ValueError, match='Scores are fid, is, kid, prc'):
        Scorer(ToyExtractor(), scores)


@pytest.mark.parametrize('setting', [dict(is_splits=0), dict(kid_subset_size=1)])
def test_senseless_setting(setting):
    with pytest.raises(ValueError, match=f'{next(iter(setting))} must be at least'):
        ScoreSettings(**setting)
