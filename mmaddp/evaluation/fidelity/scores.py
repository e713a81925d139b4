"""From features to scores, by torch-fidelity's own functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np
import torch
from mmengine.device import get_device
from torch import Tensor
from torch_fidelity.metric_fid import (
    KEY_METRIC_FID,
    fid_features_to_statistics,
    fid_statistics_to_metric,
)
from torch_fidelity.metric_isc import (
    KEY_METRIC_ISC_MEAN,
    KEY_METRIC_ISC_STD,
    isc_features_to_metric,
)
from torch_fidelity.metric_kid import (
    KEY_METRIC_KID_MEAN,
    KEY_METRIC_KID_STD,
    kid_features_to_metric,
)
from torch_fidelity.metric_prc import prc_features_to_metric

# Scores, and whether each needs a reference.
SCORES = {'fid': True, 'is': False, 'kid': True, 'prc': True}


@dataclass(frozen=True)
class ScoreSettings:
    """Settings of the scores; the defaults are torch-fidelity's.

    Attributes:
        is_splits (int): Parts over which the Inception Score is averaged.
        kid_subsets (int): Random subsets over which KID is averaged.
        kid_subset_size (int): Images in each subset.
        prc_neighborhood (int): Neighbours that make up the ball around an image.
        rng_seed (int): Seed of the image order for the Inception Score and of the subsets for KID.
    """

    is_splits: int = 10
    kid_subsets: int = 100
    kid_subset_size: int = 1000
    prc_neighborhood: int = 3
    rng_seed: int = 2020

    def __post_init__(self) -> None:
        for name in ('is_splits', 'kid_subsets', 'prc_neighborhood'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name} must be at least 1, got {getattr(self, name)}.')
        if self.kid_subset_size < 2:
            raise ValueError(f'kid_subset_size must be at least 2, got {self.kid_subset_size}.')


def check_scores(scores: Sequence[str]) -> tuple[str, ...]:
    """Names of scores, without duplicates.

    Raises:
        ValueError: One is not known, or there is none.
    """
    unknown = [score for score in scores if score not in SCORES]
    if unknown or not scores:
        found = repr(unknown[0]) if unknown else 'none'
        raise ValueError(f'Scores are {", ".join(sorted(SCORES))}; got {found}.')
    return tuple(dict.fromkeys(scores))


def check_numbers(
    scores: Sequence[str],
    settings: ScoreSettings,
    num_images: int,
    num_reference: Optional[int] = None,
) -> None:
    """Refuse sets that are too small for a score.

    Args:
        scores (Sequence[str]): Names.
        settings (ScoreSettings): Settings.
        num_images (int): Generated images.
        num_reference (int, optional): Reference images. Defaults to None: not known.

    Raises:
        ValueError: The first score that cannot be computed; the message says what it needs.
    """
    needs = {
        'fid': (2, ''),
        'kid': (
            settings.kid_subset_size,
            f' for subsets of kid_subset_size={settings.kid_subset_size}',
        ),
        'prc': (
            settings.prc_neighborhood + 1,
            f' for prc_neighborhood={settings.prc_neighborhood}',
        ),
        'is': (settings.is_splits, f' for is_splits={settings.is_splits}'),
    }
    for score in scores:
        least, why = needs[score]
        sides = [('generated', num_images)]
        if SCORES[score] and num_reference is not None:
            sides.append(('reference', num_reference))
        for side, number in sides:
            if number < least:
                raise ValueError(
                    f'{score.upper()} needs at least {least} images on each side{why}; the '
                    f'{side} images are {number}.'
                )


def fid_warning(num_images: int, num_features: int, side: str) -> Optional[str]:
    """Warning for an FID from fewer images than features; None if there are enough."""
    if num_images > num_features:
        return None
    return (
        f'FID of {num_features} features from {num_images} {side} images: the covariance is '
        'singular and the FID far too high; compare it only with values from as many images.'
    )


def frechet_distance(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> float:
    """Frechet distance between two Gaussians, each with ``mu`` (D,) and ``sigma`` (D, D)."""
    if first['mu'].shape != second['mu'].shape:
        sizes = [len(part['mu']) for part in (first, second)]
        raise ValueError(
            f'The images have {sizes[0]} features and the reference has {sizes[1]}: the reference '
            'statistics come from another extractor or layer.'
        )
    if first['mu'].dtype != second['mu'].dtype:
        # torch-fidelity wants one type; ADM's statistics are float64.
        first, second = (
            {name: value.astype(np.float64) for name, value in part.items()}
            for part in (first, second)
        )
    return fid_statistics_to_metric(first, second, verbose=False)[KEY_METRIC_FID]


def feature_statistics(features: Tensor) -> dict[str, np.ndarray]:
    """Mean (D,) and covariance (D, D) of features (N, D), as torch-fidelity takes them."""
    return fid_features_to_statistics(features)


def inception_score(logits: Tensor, settings: ScoreSettings) -> dict[str, float]:
    """``is`` and ``is_std``, over the parts, of logits (N, classes)."""
    found = isc_features_to_metric(logits, settings.is_splits, True, settings.rng_seed)
    return {'is': found[KEY_METRIC_ISC_MEAN], 'is_std': found[KEY_METRIC_ISC_STD]}


def kernel_distance(
    features: Tensor, reference: Tensor, settings: ScoreSettings
) -> dict[str, float]:
    """``kid`` and ``kid_std``, over the subsets, of features (N, D) and (M, D)."""
    found = kid_features_to_metric(
        features,
        reference,
        kid_subsets=settings.kid_subsets,
        kid_subset_size=settings.kid_subset_size,
        rng_seed=settings.rng_seed,
        verbose=False,
    )
    return dict(kid=found[KEY_METRIC_KID_MEAN], kid_std=found[KEY_METRIC_KID_STD])


def precision_recall(
    features: Tensor, reference: Tensor, settings: ScoreSettings
) -> dict[str, float]:
    """``precision``, ``recall`` and ``f_score`` of features (N, D) and (M, D).

    The distances are computed part by part, on the GPU if there is one: all at once would take
    tens of gigabytes for 50,000 images.
    """
    device = torch.device(get_device())
    return prc_features_to_metric(
        features.to(device),
        reference.to(device),
        prc_neighborhood=settings.prc_neighborhood,
        save_cpu_ram=True,
        verbose=False,
    )
