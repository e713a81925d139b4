"""What one benchmark measures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from torch import nn

OURS = 'ours'


@dataclass
class Equality:
    """Whether two variants give the same.

    Attributes:
        quantity (str): What was compared.
        ours (float): Its value, ours.
        other (float): Its value, the other variant's.
        difference (float): How far they are apart.
        limit (float, optional): Largest difference that counts as equal. None where none is asked
            for: other precisions.
    """

    quantity: str
    ours: float
    other: float
    difference: float
    limit: Optional[float] = None

    @property
    def holds(self) -> bool:
        """Whether the difference is within the limit, where there is one."""
        return self.limit is None or self.difference <= self.limit

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        return dict(vars(self), holds=self.holds)


@dataclass
class Work:
    """Variants of one piece of work on the same data and weights.

    Attributes:
        variants (Mapping): Name -> a call that does the work once. The first is :data:`OURS`.
        items (int): What a call gets through.
        unit (str): What ``items`` counts.
        check (Callable, optional): Compares the variants. Defaults to None: there is one only.
        parts (dict): Name -> module of ours whose share of the time is asked for. Defaults to none.
        precision (str): Of our variant, 'fp32' or 'bf16'. Defaults to 'fp32'.
        holds (Any): What must live as long as the work, a folder for instance. Defaults to nothing.
    """

    variants: Mapping[str, Callable[[], Any]]
    items: int
    unit: str
    check: Optional[Callable[[], list[Equality]]] = None
    parts: dict[str, nn.Module] = field(default_factory=dict)
    precision: str = 'fp32'
    holds: Any = None
