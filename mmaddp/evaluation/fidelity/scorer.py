"""Scores of one extractor: which layers they need, and their values."""

import warnings
from collections.abc import Sequence
from typing import Optional

from torch import Tensor

from .extractors import Extractor
from .reference import Need, Reference
from .scores import (
    SCORES,
    ScoreSettings,
    check_numbers,
    check_scores,
    feature_statistics,
    fid_warning,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
)


class Scorer:
    """Computes scores from the features of one extractor.

    Args:
        extractor (Extractor): The network.
        scores (Sequence[str]): 'fid', 'is', 'kid', 'prc' (precision and recall).
        settings (ScoreSettings): Settings. Defaults to torch-fidelity's.

    Attributes:
        layers (dict[str, str]): Layer of each score.
    """

    def __init__(
        self,
        extractor: Extractor,
        scores: Sequence[str],
        settings: ScoreSettings = ScoreSettings(),  # noqa: B008, it is frozen
    ):
        self.extractor = extractor
        self.scores = check_scores(scores)
        self.settings = settings
        self.layers = {score: extractor.layer(score) for score in self.scores}

    @property
    def image_layers(self) -> list[str]:
        """Layers of the generated images that are needed."""
        return list(dict.fromkeys(self.layers.values()))

    @property
    def needs(self) -> list[Need]:
        """What is needed from the reference."""
        kinds = dict(fid='statistics', kid='features', prc='features')
        found = [Need(self.layers[s], kinds[s]) for s in self.scores if SCORES[s]]
        return list(dict.fromkeys(found))

    def check(self, num_images: int, reference: Optional[Reference]) -> list[str]:
        """Refuse sets that are too small, and warn of small ones.

        Args:
            num_images (int): Generated images.
            reference (Reference, optional): The reference.

        Returns:
            list[str]: Warnings.

        Raises:
            ValueError: A score cannot be computed.
        """
        known = None if reference is None else reference.num_images or None
        check_numbers(self.scores, self.settings, num_images, known)
        if 'fid' not in self.scores or reference is None:
            return []
        width = len(reference.statistics(self.layers['fid'])['mu'])
        sides = [('generated', num_images)] + ([('reference', known)] if known else [])
        found = [fid_warning(number, width, side) for side, number in sides]
        messages = [message for message in found if message]
        for message in messages:
            warnings.warn(message, stacklevel=2)
        return messages

    def compute(
        self, features: dict[str, Tensor], reference: Optional[Reference]
    ) -> dict[str, float]:
        """Compute all scores.

        Args:
            features (dict[str, Tensor]): Per layer of ``image_layers`` shape (N, D), in the order
                of the images.
            reference (Reference, optional): Holds ``needs``; None if no score needs one.

        Returns:
            dict[str, float]: ``fid``; ``is``, ``is_std``; ``kid``, ``kid_std``; ``precision``,
            ``recall``, ``f_score``.
        """
        result = {}
        for score, layer in self.layers.items():
            found = features[layer]
            if score == 'fid':
                statistics = feature_statistics(found)
                result['fid'] = frechet_distance(statistics, reference.statistics(layer))
            elif score == 'is':
                result |= inception_score(found, self.settings)
            elif score == 'kid':
                result |= kernel_distance(found, reference.features(layer), self.settings)
            else:
                result |= precision_recall(found, reference.features(layer), self.settings)
        return result
