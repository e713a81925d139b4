"""The lists of a COCO file: the keys that each entry needs, their types, and unique ids."""

import json
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """A kind of value.

    Attributes:
        fits (Callable): Whether a value is of this kind.
        text (str): What it is, for messages.
    """

    fits: Callable[[Any], bool]
    text: str


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and not a boolean."""
    return is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number, and not a boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_box(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 4
        and all(map(is_number, value))
        and min(value[2:]) >= 0
    )


_ID = Kind(is_whole, 'a whole number')
_LENGTH = Kind(lambda value: is_whole(value) and value > 0, 'a whole number of pixels above 0')
_TEXT = Kind(lambda value: isinstance(value, str) and bool(value), 'a text')
_AREA = Kind(lambda value: is_number(value) and value >= 0, 'a number of pixels')
_BOX = Kind(_is_box, '[x, y, width, height] in pixels, no width or height below 0')
_CROWD = Kind(lambda value: value in (0, 1), '0, or 1 for a group of objects')

# List -> keys that every entry needs.
IMAGE_KEYS = dict(id=_ID, file_name=_TEXT, height=_LENGTH, width=_LENGTH)
CATEGORY_KEYS = dict(id=_ID, name=_TEXT)
ANNOTATION_KEYS = dict(id=_ID, image_id=_ID, category_id=_ID, bbox=_BOX, area=_AREA)
# What the evaluation reads in addition.
EVALUATION_KEYS = dict(iscrowd=_CROWD)


def read_coco(ann_file: str, evaluated: bool) -> dict:
    """Read a file of instances and check the entries of its lists, one by one.

    Args:
        ann_file (str): The file, in COCO's format.
        evaluated (bool): Whether results are evaluated against it, which needs more keys.

    Returns:
        dict: ``images``, ``categories`` and ``annotations``, lists of dicts; the last is empty
        where the file has none.

    Raises:
        ValueError: The file cannot be read, or an entry lacks a key, has a value of another kind
            or an id that another entry has. The message names file, entry and value.
    """
    content = _read_json(ann_file)
    absent = [key for key in ('images', 'categories') if key not in content]
    if absent:
        raise ValueError(
            f'{ann_file} has no {" and no ".join(map(repr, absent))}; a COCO file of instances '
            "holds 'images', 'annotations' and 'categories'."
        )
    keys = dict(
        images=IMAGE_KEYS,
        categories=CATEGORY_KEYS,
        annotations=ANNOTATION_KEYS | (EVALUATION_KEYS if evaluated else {}),
    )
    lists = {name: content.get(name, []) for name in keys}
    for name, needed in keys.items():
        _check_entries(f'{ann_file}, {name}', lists[name], needed)
    check_unique(f'{ann_file}, images', lists['images'], 'file_name')
    return lists


def _read_json(ann_file: str) -> Mapping:
    raw = Path(ann_file).read_bytes()
    if raw.startswith(b'\xef\xbb\xbf'):
        raise ValueError(
            f'{ann_file} begins with a byte order mark, which the reader of COCO files refuses. '
            'Save it as UTF-8 without one.'
        )
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{ann_file} is cut off or not a JSON file: {error}.') from error
    if not isinstance(content, dict):
        raise ValueError(f'{ann_file} holds a {type(content).__name__}, not an object of lists.')
    return content


def _check_entries(where: str, entries: Any, needed: Mapping[str, Kind]) -> None:
    if not isinstance(entries, list):
        raise ValueError(f'{where} is {_short(entries)}; expected a list.')
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise ValueError(f'{where}, entry {number} is {_short(entry)}; expected an object.')
        for key, kind in needed.items():
            if key in entry and kind.fits(entry[key]):
                continue
            name = f'{where}, {_name(entry, number)}'
            if key not in entry:
                raise ValueError(
                    f'{name} has no {key!r}; expected {kind.text}.{_others(entries, key)}'
                )
            raise ValueError(f'{name}: its {key} is {_short(entry[key])}; expected {kind.text}.')
    check_unique(where, entries, 'id')


def check_unique(where: str, entries: Sequence[Mapping], key: str) -> None:
    """Raise where two entries have the same value of a key.

    Args:
        where (str): File and list, for messages.
        entries (Sequence[Mapping]): All have the key.
        key (str): The key; its values are hashable.

    Raises:
        ValueError: Two have the same; they are named.
    """
    seen: dict[Hashable, int] = {}
    for number, entry in enumerate(entries):
        first = seen.setdefault(entry[key], number)
        if first != number:
            raise ValueError(
                f'{where}: the {key} {_short(entry[key])} occurs twice, as entry {first} and as '
                f'entry {number} (counted from 0). Each needs one of its own.'
            )


def _others(entries: Sequence[Any], key: str) -> str:
    lacking = sum(key not in entry for entry in entries if isinstance(entry, dict)) - 1
    return f' {lacking} others lack it too.' if lacking else ''


def _name(entry: Mapping, number: int) -> str:
    return f'id {_short(entry["id"])}' if 'id' in entry else f'entry {number}'


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f'{text[:77]}...'
