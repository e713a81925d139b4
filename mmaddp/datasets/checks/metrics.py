"""Finds metrics that a model cannot serve, before training instead of after it."""

from collections.abc import Sequence
from typing import Any, Optional

from torch import nn


def check_metrics(
    metrics: Sequence[Any], model: nn.Module, num_classes: Optional[int], where: str
) -> None:
    """Raise if a metric needs what the model does not output.

    Args:
        metrics (Sequence): Metrics of an evaluator of mmengine.
        model (nn.Module): The model, without wrappers.
        num_classes (int, optional): Number of its classes, None if it is not known.
        where (str): The evaluator's name, for messages.

    Raises:
        ValueError: A metric needs the best k of fewer than k classes, or masks that a model lacks.
    """
    for metric in metrics:
        best = max([k for k in _listed(getattr(metric, 'topk', ())) if isinstance(k, int)] or [0])
        if num_classes is not None and best > num_classes:
            raise ValueError(
                f'{where} measures the best {best} of {num_classes} classes ({where}.topk). '
                f'Set {where}=dict(topk=(1,)).'
            )
        if 'segm' in _listed(getattr(metric, 'metrics', ())) and _has_boxes_alone(model):
            raise ValueError(
                f'{where}.metric asks for masks (segm), but the model predicts boxes only. Set '
                f"{where}=dict(metric='bbox')."
            )


def _listed(value: Any) -> Sequence:
    return value if isinstance(value, list | tuple) else [value]


def _has_boxes_alone(model: nn.Module) -> bool:
    """Whether a detector with RoI heads has no mask head."""
    roi_head = getattr(model, 'roi_head', None)
    return roi_head is not None and not getattr(roi_head, 'with_mask', True)
