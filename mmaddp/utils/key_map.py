"""Renaming the tensors of a foreign checkpoint, with nothing lost on the way."""

import re
from dataclasses import dataclass
from typing import Optional

from torch import Tensor


@dataclass(frozen=True)
class Conversion:
    """Outcome of :meth:`KeyMap.convert`.

    Attributes:
        mapped (dict[str, Tensor]): Our name -> tensor.
        dropped (dict[str, str]): Foreign name -> why we have no use for it.
    """

    mapped: dict[str, Tensor]
    dropped: dict[str, str]


@dataclass(frozen=True)
class KeyMap:
    """Pure renaming rules from foreign names to ours.

    Attributes:
        rules (tuple): Pairs (regular expression, replacement); the first that matches the whole
            name decides.
        drops (tuple): Pairs (regular expression, reason) of tensors that we do not need. They are
            looked at before the rules.
    """

    rules: tuple[tuple[str, str], ...]
    drops: tuple[tuple[str, str], ...] = ()

    def rename(self, name: str) -> Optional[str]:
        """Our name of a foreign tensor; None if no rule knows it."""
        for pattern, replacement in self.rules:
            match = re.fullmatch(pattern, name)
            if match:
                return match.expand(replacement)
        return None

    def drop_reason(self, name: str) -> Optional[str]:
        """Why a foreign tensor is not needed; None if it is not on the list."""
        for pattern, reason in self.drops:
            if re.fullmatch(pattern, name):
                return reason
        return None

    def under(self, foreign_prefix: str, our_prefix: str) -> 'KeyMap':
        """The same rules for a part of a larger checkpoint and of a larger model."""
        prefix = re.escape(foreign_prefix)
        return KeyMap(
            rules=tuple((f'{prefix}(?:{old})', our_prefix + new) for old, new in self.rules),
            drops=tuple((f'{prefix}(?:{old})', reason) for old, reason in self.drops),
        )

    def __add__(self, other: 'KeyMap') -> 'KeyMap':
        return KeyMap(self.rules + other.rules, self.drops + other.drops)

    def convert(self, state_dict: dict[str, Tensor]) -> Conversion:
        """Rename every tensor.

        Raises:
            ValueError: If a tensor is neither mapped nor dropped, or two get the same name; the
                message lists the names.
        """
        mapped, dropped, unknown = {}, {}, []
        for name, tensor in state_dict.items():
            reason, new_name = self.drop_reason(name), self.rename(name)
            if reason is not None:
                dropped[name] = reason
            elif new_name is None or new_name in mapped:
                unknown.append(name)
            else:
                mapped[new_name] = tensor
        if unknown:
            raise ValueError(
                f'{len(unknown)} tensors have no place in our model: {", ".join(unknown)}. '
                'The file is of another kind or of a newer version.'
            )
        return Conversion(mapped, dropped)
