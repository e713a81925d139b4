"""How well a tokenizer reconstructs, and how much of its codebook it uses."""

from collections.abc import Sequence
from typing import Any, Optional

import torch
from mmengine.evaluator import BaseMetric

from mmaddp.models.tokenizers.figures import code_use, image_psnr
from mmaddp.registry import METRICS


@METRICS.register_module()
class TokenizerMetric(BaseMetric):
    """PSNR, L1 error and codebook usage over a data set.

    - ``psnr``: dB, mean over the images of each one's PSNR, RGB in [0, 1], clamped.
    - ``l1``: mean absolute error of the clamped reconstruction.
    - ``codebook_usage``: share of the codes that the data set uses at least once, in [0, 1].
    - ``perplexity``: exponential of the entropy of the codes' frequencies, in [1, K].

    Args:
        collect_device (str): Where the results of all ranks are gathered, 'cpu' or 'gpu'.
            Defaults to 'cpu'.
        prefix (str, optional): Put before the names. Defaults to 'tokenizer'.
    """

    default_prefix = 'tokenizer'

    def __init__(self, collect_device: str = 'cpu', prefix: Optional[str] = None):
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the errors and ids of the samples that ``VQGANTraining.predict`` returns."""
        images = torch.stack([sample['image'] for sample in data_samples]).float()
        recons = torch.stack([sample['recon'] for sample in data_samples]).float().clamp(0, 1)
        psnrs = image_psnr(recons, images).tolist()
        errors = (recons - images).abs().flatten(1).mean(dim=1).tolist()
        for sample, psnr, error in zip(data_samples, psnrs, errors):
            token_ids = sample['token_ids'].to('cpu', torch.int32)
            self.results.append(
                dict(psnr=psnr, l1=error, token_ids=token_ids, num_codes=sample['num_codes'])
            )

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Average over the images, and count the codes used by all of them.

        Args:
            results (list[dict]): One per image, as :meth:`process` keeps them.

        Returns:
            dict[str, float]: The four metrics.
        """
        token_ids = torch.cat([result['token_ids'] for result in results]).long()
        usage, perplexity = code_use(token_ids, results[0]['num_codes'])
        return dict(
            psnr=sum(result['psnr'] for result in results) / len(results),
            l1=sum(result['l1'] for result in results) / len(results),
            codebook_usage=usage,
            perplexity=perplexity,
        )
