"""Whether samples are copies, and what the features know of classes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from mmaddp.engine.loops.knn_test_loop import knn_scores
from mmaddp.models.selfsup import ADDP

# Pictures are compared at this size, so that a shift by a pixel counts little.
COMPARED_SIDE = 16
NUM_NEIGHBOURS, TEMPERATURE = 20, 0.07
BATCH = 64


def pixel_vectors(images: Tensor) -> Tensor:
    """Pictures (N, 3, H, W) at a small size, as vectors (N, D)."""
    return adaptive_avg_pool2d(images, COMPARED_SIDE).flatten(1)


def nearest_pictures(images: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Distance to the nearest of other pictures, in [0, 1], and its number.

    Args:
        images (Tensor): In [0, 1], shape (N, 3, H, W).
        others (Tensor): The same, (M, 3, H, W).

    Returns:
        tuple[Tensor, Tensor]: Root mean square differences, (N,), and numbers, long, (N,).
    """
    some, all_others = pixel_vectors(images), pixel_vectors(others)
    distances, numbers = torch.cdist(some, all_others).min(dim=1)
    return distances / some.shape[1] ** 0.5, numbers


@torch.no_grad()
def features_of(model: ADDP, images: Tensor, num_blocks: Optional[int] = None) -> Tensor:
    """Mean of the encoder's features over the patches of whole pictures, (N, C), on the CPU.

    Args:
        model (ADDP): In evaluation mode.
        images (Tensor): In [0, 1], shape (N, 3, H, W).
        num_blocks (int, optional): Blocks that they go through. Defaults to None, all and the norm
            behind them.
    """
    device = model.neck.mask_token.device
    features = []
    for part in images.split(BATCH):
        part = part.to(device)
        if num_blocks is None:
            tokens = model.extract_feat(part)[0]
        else:
            tokens, grid = model.backbone.embed((part - model.pixel_mean) / model.pixel_std)
            for layer in model.backbone.layers[:num_blocks]:
                tokens = model.backbone.run_layer(layer, tokens, grid)
        features.append(tokens[:, 1:].mean(dim=1).cpu())
    return torch.cat(features)


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
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    probe.fit(bank.double().numpy(), np.asarray(bank_labels))
    return float(probe.score(features.double().numpy(), np.asarray(labels)))


def class_names(files: Sequence[Path], folder: Path) -> list[str]:
    """Name of the class folder of each file."""
    return [file.relative_to(folder).parts[0] for file in files]
