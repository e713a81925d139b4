"""Renaming the tensors of a foreign checkpoint without losing any."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Optional

from torch import Tensor

# Fields of a name template, in the order in which they are carried over.
FIELDS = {'{i}': r'(\d+)', '{p}': '(weight|bias)', '{*}': '(.+)'}
_FIELD = re.compile('|'.join(map(re.escape, FIELDS)))


@dataclass(frozen=True)
class Conversion:
    """Outcome of :meth:`KeyMap.split`.

    Attributes:
        mapped (dict[str, Tensor]): Our name -> tensor.
        dropped (dict[str, str]): Foreign name -> why we have no use for it.
        unknown (list[str]): Foreign names without a place in our model.
    """

    mapped: dict[str, Tensor]
    dropped: dict[str, str]
    unknown: list[str]


@dataclass(frozen=True)
class KeyMap:
    """Pure renaming rules from foreign names to ours, and back.

    Attributes:
        rules (tuple): Pairs (foreign name, our name) of templates with the same fields in the same
            order: ``{i}`` is a number, ``{p}`` is weight or bias, ``{*}`` is anything. The first
            that matches the whole name decides.
        drops (tuple): Pairs (regular expression, reason) of tensors that we do not need. They are
            looked at before the rules.
    """

    rules: tuple[tuple[str, str], ...]
    drops: tuple[tuple[str, str], ...] = ()

    def rename(self, name: str) -> Optional[str]:
        """Our name for a foreign tensor; None if no rule matches."""
        for foreign, ours in self.rules:
            match = _pattern(foreign).fullmatch(name)
            if match:
                literals = _FIELD.split(ours)
                return ''.join(a + b for a, b in zip(literals, [*match.groups(), '']))
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
            rules=tuple((foreign_prefix + old, our_prefix + new) for old, new in self.rules),
            drops=tuple((f'{prefix}(?:{old})', reason) for old, reason in self.drops),
        )

    def inverse(self) -> 'KeyMap':
        """The rules from our names to the foreign ones; nothing is dropped."""
        return KeyMap(tuple((ours, foreign) for foreign, ours in self.rules))

    def __add__(self, other: 'KeyMap') -> 'KeyMap':
        return KeyMap(self.rules + other.rules, self.drops + other.drops)

    def split(self, state_dict: Mapping[str, Tensor]) -> Conversion:
        """Rename what is known, and set apart what is not needed and what is unknown.

        A tensor whose new name is already taken counts as unknown.
        """
        conversion = Conversion({}, {}, [])
        for name, tensor in state_dict.items():
            reason, new_name = self.drop_reason(name), self.rename(name)
            if reason is not None:
                conversion.dropped[name] = reason
            elif new_name is None or new_name in conversion.mapped:
                conversion.unknown.append(name)
            else:
                conversion.mapped[new_name] = tensor
        return conversion

    def convert(self, state_dict: Mapping[str, Tensor], source: str = 'the file') -> Conversion:
        """Rename every tensor.

        Args:
            state_dict (Mapping): Foreign name -> tensor.
            source (str): Where they came from, for the message. Defaults to 'the file'.

        Raises:
            ValueError: If a tensor is neither mapped nor dropped, or two get the same name; the
                message lists the names.
        """
        conversion = self.split(state_dict)
        if conversion.unknown:
            raise ValueError(
                f'{len(conversion.unknown)} tensors of {source} have no place in our model: '
                f'{", ".join(conversion.unknown)}. It is of another kind or of a newer version.'
            )
        return conversion


@cache
def _pattern(template: str) -> re.Pattern:
    literals = map(re.escape, _FIELD.split(template))
    fields = [FIELDS[field] for field in _FIELD.findall(template)]
    return re.compile(''.join(a + b for a, b in zip(literals, [*fields, ''])))
