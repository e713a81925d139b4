"""How well a token predictor predicts masked ids."""

from collections.abc import Sequence
from typing import Any, Optional

import torch
from mmengine.evaluator import BaseMetric

from mmaddp.registry import METRICS


@METRICS.register_module()
class MaskedTokenMetric(BaseMetric):
    """Accuracy and cross-entropy of :class:`MAGE` at its test ratios.

    Both are averages over all masked positions of the data set. The cross-entropy is in nats and
    not smoothed; its exponential is the perplexity, in codes.
    Names end in the mask ratio in per cent: ``acc_50``, ``cross_entropy_50``.

    Args:
        collect_device (str): Where the results of all ranks are gathered, 'cpu' or 'gpu'.
            Defaults to 'cpu'.
        prefix (str, optional): Put before the names. Defaults to 'masked_token'.
    """

    default_prefix = 'masked_token'

    def __init__(self, collect_device: str = 'cpu', prefix: Optional[str] = None):
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the counts of each sample that :meth:`MAGE.predict` returns."""
        names = ('mask_ratios', 'num_masked', 'num_correct', 'cross_entropy')
        self.results.extend({name: sample[name] for name in names} for sample in data_samples)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Average over all masked positions.

        Args:
            results (list[dict]): Counts per sample, each a tensor of shape (ratios,).

        Returns:
            dict[str, float]: ``acc_*`` in [0, 1] and ``cross_entropy_*`` in nats.
        """
        totals = {
            name: torch.stack([result[name] for result in results]).double().sum(0)
            for name in ('num_masked', 'num_correct', 'cross_entropy')
        }
        accuracy = totals['num_correct'] / totals['num_masked']
        entropy = totals['cross_entropy'] / totals['num_masked']
        metrics = {}
        for i, ratio in enumerate(results[0]['mask_ratios'].tolist()):
            metrics[f'acc_{100 * ratio:.0f}'] = accuracy[i].item()
            metrics[f'cross_entropy_{100 * ratio:.0f}'] = entropy[i].item()
        return metrics
