"""One check of classes for all tasks: of heads, of the data sets of a run, of checkpoints.

A class is its place in a list. Two lists of the same length in another order, or with other names,
train and measure without an error, with wrong labels.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple, Optional

from mmengine.fileio import list_from_file
from torch import nn

# Parts of a model that hold an output per class, in every host.
HEADS = ('head', 'decode_head', 'auxiliary_head', 'bbox_head', 'mask_head', 'mask_iou_head')
# Heads of mmsegmentation with two classes of their own: edge and no edge.
OWN_CLASSES = ('STDCHead',)


class ClassList(NamedTuple):
    """The classes of a data set or of a checkpoint.

    Attributes:
        where (str): What they belong to, for messages.
        names (tuple[str, ...], optional): Names in the order of the labels, None if there are none.
        max_label (int): Largest label, -1 if it is not known.
    """

    where: str
    names: Optional[tuple[str, ...]]
    max_label: int = -1


def class_names(value: Any, where: str) -> Optional[tuple[str, ...]]:
    """Names of classes as a configuration or a data set gives them.

    Args:
        value (Any): A sequence of names, a text file with one name per line, or None for no names.
        where (str): The setting, for messages.

    Returns:
        tuple[str, ...], optional: The names.

    Raises:
        ValueError: It is a single string, whose letters would become classes, or not a sequence.
    """
    if value is None:
        return None
    if isinstance(value, str):
        if Path(value).expanduser().is_file():
            return tuple(list_from_file(str(Path(value).expanduser())))
        raise ValueError(
            f'{where} is the text {value!r}, which is not a file either; write a tuple, as in '
            f'({value!r},).'
        )
    if not isinstance(value, Iterable) or isinstance(value, Mapping | bytes):
        raise ValueError(f'{where} is {value!r}; write the names of the classes as a tuple.')
    return tuple(map(str, value))


def dataset_classes(dataset: Any, where: str) -> ClassList:
    """The classes of a data set (without wrappers), with its path.

    Args:
        dataset (Any): A data set of one of the hosts.
        where (str): Its dataloader, for messages.

    Raises:
        ValueError: See :func:`class_names`.
    """
    settings = (getattr(dataset, key, '') for key in ('ann_file', 'data_prefix', 'data_root'))
    place = next(filter(None, settings), '')
    if isinstance(place, Mapping):
        place = next(iter(place.values()))
    where = f'{where} ({place})' if place else where
    names = class_names(getattr(dataset, 'metainfo', {}).get('classes'), f'classes of {where}')
    return ClassList(where, names, getattr(dataset, 'max_label', -1))


def checkpoint_classes(checkpoint: Mapping, where: str) -> Optional[ClassList]:
    """The classes that a checkpoint was trained with, None if it does not say."""
    meta = checkpoint.get('meta')
    meta = meta.get('dataset_meta') if isinstance(meta, Mapping) else None
    if not isinstance(meta, Mapping):
        return None
    names = meta.get('classes', meta.get('CLASSES'))
    if not isinstance(names, list | tuple):
        return None
    return ClassList(where, tuple(map(str, names)))


def head_classes(model: nn.Module) -> dict[str, int]:
    """Number of classes of each part of a model that has an output per class: name -> number."""
    found = {}
    for name, module in model.named_modules():
        parts = [part for part in name.split('.') if not part.isdigit()]
        number = getattr(module, 'num_classes', None)
        if (
            parts
            and parts[-1] in HEADS
            and isinstance(number, int)
            and number > 0
            and not getattr(module, 'class_agnostic', False)
            and type(module).__name__ not in OWN_CLASSES
        ):
            found[f'model.{name}.num_classes'] = number
    preprocessor = getattr(model, 'data_preprocessor', None)
    number = getattr(preprocessor, 'num_classes', None)
    if found and number and getattr(preprocessor, 'batch_augments', None) is not None:
        found['data_preprocessor.num_classes'] = number  # mixing makes vectors of that length
    return found


def check_number(heads: Mapping[str, int], classes: ClassList) -> None:
    """Raise if a head's number of outputs differs from a data set's number of classes.

    Args:
        heads (Mapping[str, int]): See :func:`head_classes`.
        classes (ClassList): Of the data set.

    Raises:
        ValueError: The message names the first head and all settings that have to agree.
    """
    for head, number in heads.items():
        if classes.names is not None and len(classes.names) != number:
            found = f'{len(classes.names)} classes ({_some(classes.names)})'
        elif classes.max_label >= number:
            found = f'labels up to {classes.max_label}'
        else:
            continue
        raise ValueError(
            f'The data set of {classes.where} has {found}, but {head} is {number}. Set '
            f'{" and ".join(heads)} to the number of classes, or name the classes of the data set '
            '(classes=[...], in detection and segmentation metainfo=dict(classes=[...])).'
        )


def check_same(first: ClassList, other: ClassList) -> None:
    """Raise where two lists of classes differ in a name or in the order.

    Raises:
        ValueError: The message says what differs.
    """
    if first.names is None or other.names is None or first.names == other.names:
        return
    raise ValueError(
        f'{other.where} and {first.where} have different classes: '
        f'{_difference(first, other)}. A label is the place of a class in its list: both need the '
        'same names in the same order (classes=[...] of the data set, in detection and '
        'segmentation metainfo=dict(classes=[...])). If they mean the same, '
        'default_hooks.check_classes=None leaves this out.'
    )


def _difference(first: ClassList, other: ClassList) -> str:
    lines = []
    for one, two in ((first, other), (other, first)):
        alone = [name for name in one.names if name not in two.names]
        if alone:
            lines.append(f'only {one.where} has {_some(alone)}')
    if not lines:
        pairs = enumerate(zip_longest(first.names, other.names))
        number, (name, found) = next((n, pair) for n, pair in pairs if pair[0] != pair[1])
        lines.append(f'class {number} is {name!r} in {first.where}, {found!r} in {other.where}')
    return '; '.join(lines)


def _some(names: Sequence[str], limit: int = 5) -> str:
    return ', '.join(map(str, names[:limit])) + (', ...' if len(names) > limit else '')
