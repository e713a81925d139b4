"""Names that the user may have meant."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any


def nearest(name: str, known: Iterable[str], prefix: str = '', cutoff: float = 0.6) -> str:
    """Suggestion to add to a message, '' if no known name is similar.

    Args:
        name (str): What was written.
        known (Iterable[str]): Valid names.
        prefix (str): Put in front of the suggestion. Defaults to ''.
        cutoff (float): Least similarity, in [0, 1]. Defaults to 0.6.
    """
    names = sorted(set(known))
    by_lower = {known_name.lower(): known_name for known_name in names}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return f' (did you mean {prefix + by_lower[found[0]]!r}?)' if found else ''


def paths_to(node: Any, name: str, path: str = '') -> Iterator[str]:
    """Dotted paths of all settings with a name, at every depth of a configuration."""
    items: Iterable[tuple] = node.items() if isinstance(node, dict) else ()
    if isinstance(node, (list, tuple)):
        items = enumerate(node)
    for key, value in items:
        here = f'{path}.{key}' if path else str(key)
        if key == name:
            yield here
        yield from paths_to(value, name, here)


def all_names(node: Any) -> Iterator[str]:
    """Names of all settings, at every depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from all_names(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from all_names(value)
