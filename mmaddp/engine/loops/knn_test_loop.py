"""Nearest-neighbour test of frozen features."""

from typing import Optional

import torch
from mmengine.device import get_device
from mmengine.dist import all_gather
from mmengine.runner import TestLoop
from mmengine.runner.amp import autocast
from torch import Tensor

from mmaddp.registry import LOOPS
from mmaddp.utils.wrappers import unwrap


@LOOPS.register_module()
class KNNTestLoop(TestLoop):
    """Classify each test image by a vote of the most similar images of another set.

    Nothing is trained. The features of all images of ``bank_dataloader`` are kept, those of other
    ranks included; see :func:`knn_scores` for the vote. The model needs ``extract_feat``, whose
    last feature has the shape (B, C); a head is not used.

    Args:
        runner (Runner): The Runner.
        dataloader (DataLoader | dict): Images to classify.
        evaluator (Evaluator | dict | list): Judges ``pred_score``.
        bank_dataloader (dict): Config of the labelled images that vote. They are read in order,
            each once; the sampler is set here.
        num_neighbours (int): Number of votes. Defaults to 20.
        temperature (float): Divisor of the cosine similarity in a vote's weight. Defaults to 0.07.
        fp16 (bool): Whether features are computed in half precision. Defaults to False.
    """

    def __init__(
        self,
        runner,
        dataloader,
        evaluator,
        bank_dataloader: dict,
        num_neighbours: int = 20,
        temperature: float = 0.07,
        fp16: bool = False,
    ) -> None:
        super().__init__(runner, dataloader, evaluator, fp16)
        in_order = dict(sampler=dict(type='DefaultSampler', shuffle=False), drop_last=False)
        defaults = dict(collate_fn=dict(type='default_collate'))
        self.bank_dataloader = runner.build_dataloader({**defaults, **bank_dataloader, **in_order})
        self.num_neighbours = num_neighbours
        self.temperature = temperature
        self._bank: Optional[Tensor] = None
        self._bank_labels: Optional[Tensor] = None

    def run(self) -> dict:
        """Collect the bank, then test."""
        self.runner.model.eval()
        parts = [self._features(batch) for batch in self.bank_dataloader]
        size = len(self.bank_dataloader.dataset)
        self._bank = _gather(torch.cat([features for features, _ in parts]), size)
        labels = torch.cat([sample.gt_label for _, samples in parts for sample in samples])
        self._bank_labels = _gather(labels.to(self._bank.device), size)
        self.runner.logger.info(f'{size} images vote, {self.num_neighbours} on each test image.')
        return super().run()

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: dict) -> None:
        """Classify one batch."""
        self.runner.call_hook('before_test_iter', batch_idx=idx, data_batch=data_batch)
        features, samples = self._features(data_batch)
        scores = knn_scores(
            features,
            self._bank,
            self._bank_labels,
            len(self.bank_dataloader.dataset.metainfo['classes']),
            self.num_neighbours,
            self.temperature,
        )
        outputs = [sample.set_pred_score(score) for sample, score in zip(samples, scores)]
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        self.runner.call_hook(
            'after_test_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs
        )

    @torch.no_grad()
    def _features(self, data_batch: dict) -> tuple[Tensor, list]:
        model = self.runner.model
        model = unwrap(model)
        data = model.data_preprocessor(data_batch, False)
        with autocast(enabled=self.fp16):
            features = model.extract_feat(data['inputs'])[-1]
        return features.float(), data['data_samples']


def knn_scores(
    features: Tensor,
    bank: Tensor,
    bank_labels: Tensor,
    num_classes: int,
    num_neighbours: int,
    temperature: float,
) -> Tensor:
    """Share of each class among the votes of the nearest neighbours.

    A neighbour of cosine similarity s votes for its class with the weight exp(s / temperature).
    Source: Wu et al., Unsupervised Feature Learning via Non-Parametric Instance Discrimination.

    Args:
        features (Tensor): Shape (B, C).
        bank (Tensor): Features of the images that vote, shape (N, C).
        bank_labels (Tensor): Their classes, long, shape (N,).
        num_classes (int): Number of classes K.
        num_neighbours (int): Number of votes; at most N are cast.
        temperature (float): See above.

    Returns:
        Tensor: Shape (B, K), each row sums to 1.
    """
    normalise = torch.nn.functional.normalize
    similarity = normalise(features, dim=1) @ normalise(bank, dim=1).T
    nearest, indices = similarity.topk(min(num_neighbours, len(bank)), dim=1)
    weights = (nearest / temperature).softmax(dim=1)
    votes = weights.new_zeros(len(features), num_classes)
    return votes.scatter_add_(1, bank_labels[indices], weights)


def _gather(values: Tensor, size: int) -> Tensor:
    """Gather an ordered set from the ranks, leaving out the samples that pad it."""
    values = torch.stack(all_gather(values.contiguous()), dim=1)
    return values.flatten(0, 1)[:size].to(get_device())
