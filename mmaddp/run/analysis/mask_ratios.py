"""Loss and accuracy of an ADDP model, as a function of the share of tokens that is masked."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from mmaddp.models.selfsup import ADDP
from mmaddp.run.analysis.figures import png_figure
from mmaddp.structures import ADDPTarget
from mmaddp.visualization.target_pictures import masks_at

BATCH = 64


class AtRatio(NamedTuple):
    """Means over pictures at a mask ratio.

    Attributes:
        ratio (float): Share of masked tokens.
        loss (float): Loss of the pre-training.
        least_loss (float): The loss if the target were met exactly: its entropy, in nats.
        accuracy (float): Share of the masked tokens whose most probable code is the true one.
        predictor_accuracy (float): The same of the token predictor, which the target comes from.
    """

    ratio: float
    loss: float
    least_loss: float
    accuracy: float
    predictor_accuracy: float


@torch.no_grad()
def losses_by_ratio(model: ADDP, images: Tensor, ratios: Sequence[float]) -> list[AtRatio]:
    """Measure the loss at several mask ratios; masks of larger ratios hold those of smaller ones.

    Args:
        model (ADDP): In evaluation mode.
        images (Tensor): In [0, 1], shape (B, 3, H, W).
        ratios (Sequence[float]): Shares of masked tokens, in (0, 1].
    """
    device = model.neck.mask_token.device
    token_ids = torch.cat(
        [model.target_generator.tokenize(part.to(device)) for part in images.split(BATCH)]
    )
    return [AtRatio(ratio, *_means(model, token_ids, ratio)) for ratio in ratios]


def draw_losses(found: Sequence[AtRatio], file: Path) -> None:
    """Draw losses and accuracies over the mask ratio into a PNG file."""
    ratios = [each.ratio for each in found]
    with png_figure(file, columns=2, size=(4.8, 3.4)) as (left, right):
        left.plot(ratios, [each.loss for each in found], 'o-', ms=3, label='loss')
        least = [each.least_loss for each in found]
        left.plot(ratios, least, 's--', ms=3, color='grey', label='entropy of the target')
        left.set_title('loss, nats', fontsize=10)
        right.plot(ratios, [each.accuracy for each in found], 'o-', ms=3, label='ADDP')
        predictor = [each.predictor_accuracy for each in found]
        right.plot(ratios, predictor, 's--', ms=3, color='grey', label='token predictor')
        right.set_title('masked tokens guessed', fontsize=10)
        right.set_ylim(0, None)
        for axis in (left, right):
            axis.set_xlabel('share of masked tokens')
            axis.grid(alpha=0.3)
            axis.legend(fontsize=8, frameon=False)


def _means(model: ADDP, token_ids: Tensor, ratio: float) -> list[float]:
    """Means over all pictures of the figures of :class:`AtRatio`, the ratio left out."""
    masks = masks_at(model, ratio, token_ids)
    sums = torch.zeros(4, dtype=torch.float64)
    for start in range(0, len(token_ids), BATCH):
        rows = slice(start, start + BATCH)
        part = type(masks)(masks.mask_t[rows], masks.mask_s[rows], masks.num_visible[rows])
        target = model.target_generator.make_target(token_ids[rows], part)
        found = model.loss_of(target)
        figures = (found['loss'], _entropy(model, target), found['masked_acc'], _guessed(target))
        sums += torch.tensor([float(figure) for figure in figures]) * len(target.token_ids)
    return (sums / len(token_ids)).tolist()


def _entropy(model: ADDP, target: ADDPTarget) -> Tensor:
    """Entropy of the smoothed target at masked positions: the least possible loss."""
    share, number = model.head.label_smoothing, len(model.head.vocabulary)
    codes = (1 - share) * target.target_probs[target.mask_t].double() + share / number
    others = (number - codes.shape[-1]) * share / number
    entropy = -torch.special.xlogy(codes, codes).sum(dim=-1)
    if share:
        entropy = entropy - others * torch.tensor(share / number, dtype=torch.double).log()
    return entropy.mean()


def _guessed(target: ADDPTarget) -> Tensor:
    mask = target.mask_t
    hit = target.target_probs.argmax(dim=-1) == target.token_ids
    return hit[mask].double().mean()
