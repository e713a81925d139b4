"""Values of ``--cfg-options``: mmengine's syntax, with text kept as it was written."""

import argparse
import copy
import os
import re
from pathlib import Path
from typing import Any

# Settings that name a path: commas, brackets, spaces and digits are part of it.
_PLACE = re.compile(r'(root|dir|(?<!drop_)path|file|folder|prefix|suffix|checkpoint|load_from)s?$')
_CLOSING = {'(': ')', '[': ']'}
_CONSTANTS = {'None': None, 'True': True, 'true': True, 'False': False, 'false': False}


class ConfigOptions(argparse.Action):
    """Collect ``KEY=VALUE`` pairs, split at the first ``=``, in a dictionary.

    Numbers, ``True``, ``False`` and ``None`` are what they say, ``(1,2)`` is a tuple, ``[1,2]`` and
    ``1,2`` are lists, which may be nested. Everything else is text, with its blanks; ``'...'`` and
    ``"..."`` make text of a number as well. A setting that names a place is text even with commas
    or brackets in it; ``~`` at the beginning is the home folder.
    """

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        """Add the pairs to those of earlier options."""
        options = copy.copy(getattr(namespace, self.dest, None) or {})
        for pair in values:
            key, separator, value = pair.partition('=')
            if not separator or not key.strip():
                parser.error(
                    f'{option_string} takes KEY=VALUE, got {pair!r}: put quotation marks around '
                    'a pair that contains blanks.'
                )
            options[key.strip()] = parse_value(value, key)
        setattr(namespace, self.dest, options)


def parse_value(text: str, key: str = '') -> Any:
    """Value that a text stands for.

    Args:
        text (str): As on the command line.
        key (str): Dotted name of the setting. Defaults to '': any.

    Returns:
        Any: A number, bool, None, text, or a list or tuple of them.
    """
    quoted = _without_quotes(text)
    if _PLACE.search(key.rpartition('.')[2].lower()):
        return _place(text if quoted is None else quoted)
    if quoted is not None and not _is_bracketed(quoted):
        return quoted
    return _any(text if quoted is None else quoted)


def _place(text: str) -> Any:
    """A path stays text; a list of paths in brackets is one, unless a file has that name."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _is_bracketed(text) and not Path(text).exists():
        return _sequence(text)
    return os.path.expanduser(text)


def _any(text: str) -> Any:
    text = text.strip() if _is_bracketed(text.strip()) else text
    if _is_bracketed(text):
        return _sequence(text)
    parts = _split(text)
    if len(parts) > 1 and not any('/' in part or '\\' in part for part in parts):
        return [_element(part) for part in parts if part.strip()]
    return _scalar(text)


def _sequence(text: str) -> Any:
    elements = [_element(part) for part in _split(text[1:-1]) if part.strip()]
    return tuple(elements) if text[0] == '(' else elements


def _element(text: str) -> Any:
    text = text.strip()
    quoted = _without_quotes(text)
    if quoted is not None:
        return quoted
    return _sequence(text) if _is_bracketed(text) else _scalar(text)


def _scalar(text: str) -> Any:
    word = text.strip()
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    for number in (int, float):
        try:
            return number(word)
        except ValueError:
            continue
    return os.path.expanduser(text)


def _without_quotes(text: str) -> Any:
    """The text between a pair of matching quotation marks, None if there are none."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in '\'"' and text[0] not in text[1:-1]:
        return text[1:-1]
    return None


def _is_bracketed(text: str) -> bool:
    """Whether the bracket at the beginning is closed at the end, with all between balanced."""
    if len(text) < 2 or text[0] not in _CLOSING:
        return False
    waiting: list[str] = []
    for position, character in enumerate(text):
        if character in _CLOSING:
            waiting.append(_CLOSING[character])
        elif character in _CLOSING.values():
            if not waiting or waiting.pop() != character:
                return False
            if not waiting:
                return position == len(text) - 1
    return False


def _split(text: str) -> list[str]:
    """Split at the commas outside brackets; a text whose brackets do not match stays whole."""
    parts, depth = [''], 0
    for character in text:
        depth += (character in _CLOSING) - (character in _CLOSING.values())
        if depth < 0:
            return [text]
        if character == ',' and depth == 0:
            parts.append('')
        else:
            parts[-1] += character
    return [text] if depth else parts
