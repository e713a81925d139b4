"""Accuracy and cross-entropy at masked positions."""

import pytest
import torch
from mmengine.evaluator import Evaluator

from mmaddp.registry import METRICS


def sample(correct, entropy, masked=(8, 14)):
    return dict(
        mask_ratios=torch.tensor([0.5, 0.875]),
        num_masked=torch.tensor(masked),
        num_correct=torch.tensor(correct),
        cross_entropy=torch.tensor(entropy),
    )


def test_averages_over_masked_positions_not_over_samples():
    evaluator = Evaluator(METRICS.build(dict(type='mmaddp.MaskedTokenMetric')))
    evaluator.process([sample([8, 0], [1.0, 7.0]), sample([4, 7], [3.0, 7.0])])
    evaluator.process([sample([0, 0], [0.0, 0.0], masked=(4, 28))])
    metrics = evaluator.evaluate(3)
    assert metrics == {
        'masked_token/acc_50': pytest.approx(12 / 20),
        'masked_token/cross_entropy_50': pytest.approx(4 / 20),
        'masked_token/acc_88': pytest.approx(7 / 56),
        'masked_token/cross_entropy_88': pytest.approx(14 / 56),
    }


def test_padding_of_the_last_rank_does_not_count():
    evaluator = Evaluator(METRICS.build(dict(type='mmaddp.MaskedTokenMetric', prefix='p')))
    evaluator.process([sample([8, 0], [0.0, 0.0]), sample([0, 0], [9.0, 9.0])])
    assert evaluator.evaluate(1)['p/acc_50'] == 1
