"""A config as it is after all inheritance, and the differences of two, by dotted key."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

from mmengine.config import Config, ConfigDict

from mmaddp.run.config import load_config, merge_options, read_config
from mmaddp.run.nearest import all_names, nearest

_ABSENT = object()


class Difference(NamedTuple):
    """A setting in which two configs differ.

    Attributes:
        key (str): Its dotted name; entries of lists by number.
        first (str, optional): Value in the first config as Python writes it, None if it is absent.
        second (str, optional): Value in the second one.
    """

    key: str
    first: Optional[str]
    second: Optional[str]

    def __str__(self) -> str:
        lines = [f'- {self.key} = {self.first}'] if self.first is not None else []
        return '\n'.join(lines + ([f'+ {self.key} = {self.second}'] if self.second else []))


def resolved(
    config: Union[str, Path], options: Optional[Mapping[str, Any]] = None, as_run: bool = False
) -> Config:
    """Read a config with all that it inherits.

    Args:
        config (str | Path): A file, or ``mmaddp::FOLDER/FILE``.
        options (Mapping, optional): Settings to override, by dotted name. Defaults to None.
        as_run (bool): Check it and complete it as ``mmaddp train`` does: variables are left out,
            hooks and defaults are added. Defaults to False.

    Returns:
        Config: The config.

    Raises:
        ValueError: It cannot be read, or, with ``as_run``, it cannot be run.
    """
    if as_run:
        return read_config(config, options)
    cfg = load_config(config)
    merge_options(cfg, options or {})
    return cfg


def part_of(cfg: Config, key: str) -> Any:
    """A setting by its dotted name, entries of lists by number.

    Raises:
        ValueError: There is no such setting.
    """
    node: Any = cfg._cfg_dict
    for word in key.split('.'):
        if isinstance(node, list | tuple) and word.isdecimal() and int(word) < len(node):
            node = node[int(word)]
        elif isinstance(node, Mapping) and word in node:
            node = node[word]
        else:
            hint = nearest(word, all_names(cfg._cfg_dict))
            raise ValueError(f'{cfg.filename} has no setting {key}: no {word}{hint}.')
    return node


def text_of(cfg: Config, key: str = '') -> str:
    """A config, or a part of it, as Python that mmengine reads again.

    Args:
        cfg (Config): The config.
        key (str): Dotted name of the part. Defaults to '', all of it.
    """
    if not key:
        return cfg.pretty_text
    part = part_of(cfg, key)
    name = key.rpartition('.')[2]
    if name.isdecimal():
        name = f'entry_{name}'
    return Config(ConfigDict({name: part})).pretty_text


def differences(first: Config, second: Config, key: str = '') -> list[Difference]:
    """Settings in which two configs differ, in alphabetical order.

    Args:
        first (Config): A config.
        second (Config): Another one.
        key (str): Dotted name of the part that is compared. Defaults to '', all.
    """
    values = [
        dict(_leaves(part_of(cfg, key) if key else cfg._cfg_dict, key)) for cfg in (first, second)
    ]
    keys = sorted({*values[0], *values[1]})
    found = [(name, *(side.get(name, _ABSENT) for side in values)) for name in keys]
    return [
        Difference(name, *(None if value is _ABSENT else repr(value) for value in (one, other)))
        for name, one, other in found
        if one is _ABSENT or other is _ABSENT or repr(one) != repr(other)
    ]


def _leaves(node: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Values that are neither dicts nor lists of dicts, with their dotted names."""
    if isinstance(node, Mapping) and node:
        items: list = list(node.items())
    elif isinstance(node, list | tuple) and any(isinstance(child, Mapping) for child in node):
        items = list(enumerate(node))
    else:
        yield key, _plain(node)
        return
    for name, child in items:
        yield from _leaves(child, f'{key}.{name}' if key else str(name))


def _plain(value: Any) -> Any:
    """Lists as lists, whichever class a config keeps them in."""
    return [_plain(child) for child in value] if isinstance(value, list) else value
