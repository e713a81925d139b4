"""Figures of features: what they know of classes, and how many directions they use."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmaddp.engine.loops.knn_test_loop import knn_scores

NUM_NEIGHBOURS, TEMPERATURE = 20, 0.07


def knn_accuracy(
    bank: Tensor, bank_labels: Sequence[int], features: Tensor, labels: Sequence[int]
) -> float:
    """Top-1 of a vote of the 20 nearest training pictures by cosine similarity."""
    votes = knn_scores(
        features,
        bank,
        torch.tensor(bank_labels),
        max(bank_labels) + 1,
        NUM_NEIGHBOURS,
        TEMPERATURE,
    )
    return float((votes.argmax(dim=1) == torch.tensor(labels)).float().mean())


def probe_accuracy(
    bank: Tensor, bank_labels: Sequence[int], features: Tensor, labels: Sequence[int]
) -> float:
    """Top-1 of logistic regression on standardised features."""
    # Late, since every training imports its hooks, and few need this.
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    probe.fit(bank.double().numpy(), np.asarray(bank_labels))
    return float(probe.score(features.double().numpy(), np.asarray(labels)))


def rank_me(features: Tensor) -> float:
    """RankMe: how many directions features use, a smooth rank in [1, min(N, C)].

    The exponential of the entropy of the singular values, divided by their sum. It needs no labels;
    where it falls, features collapse. Source: Garrido et al., RankMe: Assessing the downstream
    performance of pretrained self-supervised representations by their rank, ICML 2023.

    Args:
        features (Tensor): Shape (N, C).
    """
    values = torch.linalg.svdvals(features.double())
    shares = values / values.sum().clamp(min=torch.finfo(values.dtype).tiny)
    return float(torch.special.entr(shares).sum().exp())
