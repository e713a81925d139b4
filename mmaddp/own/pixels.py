"""Channels and range of the pictures: what is found, chosen and said."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from mmaddp.own.look import OUTSIDE, Look

if TYPE_CHECKING:
    from mmaddp.own.plan import Plan, Wishes


def pixel_choices(found: Look, wishes: 'Wishes') -> dict[str, Any]:
    """Fields of a plan that say how pictures are read.

    Grey pictures of 8 bits are read as three equal channels unless one is asked for: such an
    encoder reads coloured pictures, too. Otherwise there are as many channels as the pictures have.

    Args:
        found (Look): The pictures.
        wishes (Wishes): What is fixed.

    Raises:
        ValueError: Pictures have other channels than asked for, or a range is asked for that is
            empty or not needed.
    """
    natural = 3 if found.channels == 1 and not found.is_deep else found.channels
    channels = wishes.channels or natural
    check_channels(found.channels, channels, f'--channels {channels}', found.folder)
    if wishes.value_range is not None and not found.is_deep:
        raise ValueError(
            '--range is for pictures of more than 8 bits; these have 8, which are read as they are.'
        )
    if wishes.value_range is not None and not wishes.value_range[0] < wishes.value_range[1]:
        raise ValueError(f'--range must ascend, got {range_text(wishes.value_range)}.')
    value_range = wishes.value_range or (found.measured_range() if found.is_deep else None)
    if channels == 3 and value_range is None:
        return {}
    mean, std = found.thumbnails.mean() / 255, found.thumbnails.std() / 255
    return dict(
        channels=channels,
        value_range=value_range,
        pixel_mean=round(float(mean), 3),
        pixel_std=max(round(float(std), 3), 0.05),
    )


def check_channels(have: int, wanted: int, who: str, folder: Path) -> None:
    """Raise if pictures cannot be read with so many channels.

    Args:
        have (int): Channels of the pictures.
        wanted (int): Channels that are asked for.
        who (str): What asks for them.
        folder (Path): Where the pictures lie.

    Raises:
        ValueError: They have another number of channels.
    """
    if have != wanted and not {have, wanted} <= {1, 3}:
        raise ValueError(
            f'{who} takes pictures of {wanted} channel{"s" * (wanted > 1)}, but those in {folder} '
            f'have {have}: only grey and coloured pictures are turned into each other.'
        )


def pixel_rows(plan: 'Plan', found: Look, wishes: 'Wishes') -> list[tuple[str, str, str]]:
    """Rows of the printed plan: choice, value, reason."""
    have = {1: 'grey', 3: 'coloured'}.get(found.channels, f'of {found.channels} channels')
    reason = f'the pictures are {have}'
    if wishes.channels:
        reason = 'asked for'
    elif (plan.channels, found.channels) == (3, 1):
        reason += '; three equal channels read coloured ones, too; --channels 1 keeps one'
    rows = [('channels', str(plan.channels), reason)]
    if plan.value_range is not None:
        reason = f'{OUTSIDE} and {100 - OUTSIDE} % of the samples; --range sets it'
        reason = 'asked for' if wishes.value_range else reason
        rows.append(('range', range_text(plan.value_range), reason))
    return rows


def range_text(value_range: list) -> str:
    """A range in words; of several channels, the widest."""
    low, high = value_range
    if isinstance(low, list):
        return f'{min(low):g}..{max(high):g}, by channel'
    return f'{low:g} to {high:g}'


def loader_text(channels: int, value_range: Optional[list]) -> str:
    """The transform that reads pictures, as it stands in a configuration."""
    if channels == 3 and value_range is None:
        return "dict(type='mmaddp.LoadRGBImage')"
    return f"dict(type='mmaddp.LoadChannels', num_channels={channels}, value_range={value_range})"


def resize_text(channels: int, value_range: Optional[list]) -> str:
    """How pictures are resized: Pillow takes 8 bits of one or three channels only."""
    if channels in (1, 3) and value_range is None:
        return "backend='pillow', interpolation='bicubic'"
    return "backend='cv2', interpolation='bicubic'"
