"""Comparing recomputed tensors with recorded ones."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Optional

import torch
from torch import Tensor

EXACT = 0.0
LIMITS = (
    (r'vq\.indices|.*\.mask_next', EXACT),
    (r'nucleus\..*\.keep_count', EXACT),
    (r'vq\.encoder_out', 1e-4),
    (r'vq\.recon|pretrain\.x_t|generate\.\w+\.image', 5e-5),
    (r'pretrain\.grad.*', 5e-5),
    (r'pretrain\.(embed|latent|logits)', 2e-5),
    (r'vq\.(z_q|codebook_entry)', 5e-6),
    (r'pretrain\.(z_t_pred|target_prob|loss)', 5e-6),
    (r'generate\.\w+\.0\.logits', 5e-6),
    (r'generate\.\w+\.\d+\.logits', 2e-5),
    (r'classify\.\d+\.(pos_embed|logits)', 5e-6),
    (r'mask_schedule\.(ratios|probs)', 5e-6),
)
"""Largest error that counts as agreement, by name; the first match decides."""

BF16_LIMITS = (
    (r'vq\.z_q', float('inf')),  # ids that differ stand for quite other codes: they count as ids
    (r'vq\.recon|pretrain\.(x_t|grad\..*)|generate\.\w+\.image', 3e-2),
    (r'.*', 2e-2),
)
"""The same for networks that run in bf16."""

DISCRETE = re.compile(r'vq\.indices|.*\.mask_next')
"""Rows whose error is the share of the entries that differ; of others it is relative."""

INPUTS = re.compile(
    r'x0|pretrain\.mask_t(_next)?|generate\.\w+\.\d+\.(sampled_ids|gumbel)'
    r'|classify\.\d+\.(input|(fc_norm|head)\.(weight|bias))'
)
"""Recorded tensors that the computation starts from."""


@dataclass(frozen=True)
class Row:
    """One line of the parity table.

    Attributes:
        name (str): Recorded name.
        status (str): 'ok', 'FAIL', 'missing' (not recorded), 'unknown' or 'skipped'.
        shape (tuple, optional): Shape of our value.
        error (float, optional): Norm of the difference over the norm of the recorded tensor.
        limit (float, optional): Largest error that passes.
    """

    name: str
    status: str
    shape: Optional[tuple] = None
    error: Optional[float] = None
    limit: Optional[float] = None

    @property
    def passed(self) -> bool:
        """Whether the row does not count as a failure."""
        return self.status in ('ok', 'skipped')


def relative_error(value: Tensor, expected: Tensor) -> float:
    """Norm of the difference over the norm of the expected tensor, in float64."""
    value, expected = value.detach().double(), expected.double()
    return float((value - expected).norm() / expected.norm().clamp(min=1e-300))


def share_that_differs(value: Tensor, expected: Tensor) -> float:
    """Share of the entries that are not equal."""
    return float((value != expected).double().mean())


def compare(
    recorded: dict[str, Tensor],
    computed: Iterable[tuple[str, Tensor]],
    skip: Iterable[str] = (),
    limits: Iterable[tuple[str, float]] = LIMITS,
) -> list[Row]:
    """Compare.

    Args:
        recorded (dict[str, Tensor]): Tensors of the reference, inputs among them.
        computed (Iterable[tuple[str, Tensor]]): Our values by name.
        skip (Iterable[str]): Shell patterns of names that are left out. Defaults to none.
        limits (Iterable): Pairs of a pattern and the largest error of the rows whose names it
            matches. Defaults to :data:`LIMITS`, for float32.

    Returns:
        list[Row]: One row per computed and per recorded output.
    """
    skip, limits = tuple(skip), tuple(limits)
    rows, left = [], {name for name in recorded if not INPUTS.fullmatch(name)}
    for name, value in computed:
        left.discard(name)
        if any(fnmatchcase(name, pattern) for pattern in skip):
            rows.append(Row(name, 'skipped'))
        elif name not in recorded:
            rows.append(Row(name, 'missing', tuple(value.shape)))
        else:
            rows.append(_judge(name, value, recorded[name], limits))
    for name in sorted(left):
        skipped = any(fnmatchcase(name, pattern) for pattern in skip)
        rows.append(Row(name, 'skipped' if skipped else 'unknown', tuple(recorded[name].shape)))
    return rows


def _judge(name: str, value: Tensor, expected: Tensor, limits: tuple) -> Row:
    limit = next(limit for pattern, limit in limits if re.fullmatch(pattern, name))
    shape = tuple(value.shape)
    if value.shape != expected.shape:
        return Row(name, 'FAIL', shape, float('inf'), limit)
    measure = share_that_differs if DISCRETE.fullmatch(name) else relative_error
    error = measure(value, expected)
    passed = torch.equal(value, expected) if limit == EXACT else error <= limit
    return Row(name, 'ok' if passed else 'FAIL', shape, error, limit)
