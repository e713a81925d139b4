"""Drawing token ids and choosing what stays masked: pure functions."""

import torch
from torch import Tensor

from .nested_masks import mask_smallest


def nucleus_mask(probs: Tensor, top_p: float) -> Tensor:
    """Codes that nucleus sampling keeps.

    In descending order of probability a code is kept while the probabilities before it sum to
    less than ``top_p``; the first always is.

    Args:
        probs (Tensor): Distribution over the codes, shape (..., K).
        top_p (float): In (0, 1].

    Returns:
        Tensor: bool, shape (..., K), True = kept.
    """
    sorted_probs, order = probs.sort(dim=-1, descending=True)
    kept = sorted_probs.cumsum(dim=-1) - sorted_probs < top_p
    kept[..., 0] = True
    return torch.zeros_like(kept).scatter(-1, order, kept)


def top_mask(probs: Tensor, top_k: int) -> Tensor:
    """The ``top_k`` most probable codes.

    Args:
        probs (Tensor): Distribution over the codes, shape (..., K).
        top_k (int): Codes to keep, at least 1; all if there are fewer.

    Returns:
        Tensor: bool, shape (..., K), True = kept.
    """
    best = probs.topk(min(top_k, probs.shape[-1]), dim=-1).indices
    return torch.zeros_like(probs, dtype=torch.bool).scatter(-1, best, True)


def draw_ids(probs: Tensor, uniform: Tensor) -> Tensor:
    """Draw ids by inverting the cumulative distribution.

    One number per position decides, so that the result does not depend on what else is in the
    batch. The cumulative sum is taken in float64.

    Args:
        probs (Tensor): Non-negative weights of the codes, shape (B, L, K); need not sum to one.
        uniform (Tensor): Uniform noise in [0, 1), shape (B, L).

    Returns:
        Tensor: Ids, long, shape (B, L).
    """
    cumulative = probs.double().cumsum(dim=-1)
    threshold = uniform.double() * cumulative[..., -1]
    ids = torch.searchsorted(cumulative, threshold.unsqueeze(-1), right=True).squeeze(-1)
    return ids.clamp(max=probs.shape[-1] - 1)


def least_confident(
    probs: Tensor, token_ids: Tensor, mask: Tensor, perturbation: Tensor, num_masked: int
) -> Tensor:
    """Choose the positions that stay masked.

    Args:
        probs (Tensor): Distribution over the codes, shape (B, L, K).
        token_ids (Tensor): Ids drawn or known, long, shape (B, L).
        mask (Tensor): Positions that were masked so far, bool, shape (B, L). The others are
            certain and stay visible.
        perturbation (Tensor): Added to the log-probability, shape (B, L).
        num_masked (int): Positions to choose; at most as many as ``mask`` holds.

    Returns:
        Tensor: bool, shape (B, L), True = stays masked.
    """
    confidence = probs.gather(-1, token_ids.unsqueeze(-1)).squeeze(-1).log()
    confidence = confidence.masked_fill(~mask, torch.inf) + perturbation
    return mask_smallest(confidence, num_masked)


def last_ranked(ranks: Tensor, mask: Tensor, num_masked: int) -> Tensor:
    """Choose the positions that stay masked: the last ones of an order.

    Args:
        ranks (Tensor): Place of each position in the order, long, shape (B, L).
        mask (Tensor): Positions that were masked so far, bool, shape (B, L); the others stay
            visible.
        num_masked (int): Positions to choose; at most as many as ``mask`` holds.

    Returns:
        Tensor: bool, shape (B, L), True = stays masked.
    """
    return mask_smallest(torch.where(mask, -ranks, 1), num_masked)
