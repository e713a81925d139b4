"""The folder of a chain: where it may lie, and the plan that is in it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Optional, TypeVar

from mmaddp.utils.own_folders import check_own

Result = TypeVar('Result')


def check_places(images: Path, out: Path, maker: str) -> None:
    """Raise where what is written would be taken for pictures, or would lie among others' files.

    Args:
        images (Path): Folder of the pictures, resolved.
        out (Path): Folder for what is made, resolved.
        maker (str): What makes it.

    Raises:
        FileExistsError: ``out`` holds what ``maker`` has not made.
        ValueError: One folder lies in the other.
    """
    if images == out or out.is_relative_to(images) or images.is_relative_to(out):
        raise ValueError(
            f'--out {out} lies in the folder of the pictures, {images}, or the other way round: '
            'what is written would be taken for pictures. Choose another place.'
        )
    check_own(out, maker)


def stored_plan(file: Path, request: Mapping, build: Callable[[dict], Result]) -> Optional[Result]:
    """What an earlier start of the same command has planned.

    Args:
        file (Path): Holds ``request`` and what ``build`` reads.
        request (Mapping): What a plan is made for now; ``pictures`` is a hash.
        build (Callable): Makes the plan of the content of the file.

    Returns:
        Result, optional: None if there is no plan.

    Raises:
        ValueError: It is that of another request, or damaged.
    """
    try:
        content = json.loads(file.read_text())
        plan, old = build(content), content['request']
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f'{file} is damaged ({error}). Nothing was changed: choose another --out.'
        ) from error
    differing = [name for name in request if old.get(name) != request[name]]
    if differing:
        changes = [
            'the pictures have changed'
            if name == 'pictures'
            else f'{name} is {request[name]}, there {old.get(name)}'
            for name in differing
        ]
        raise ValueError(
            f'{file.parent} holds another plan: {"; ".join(changes)}. Nothing was changed: choose '
            'another --out, or repeat the command that made it.'
        )
    return plan
