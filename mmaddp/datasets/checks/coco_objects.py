"""Boxes and masks of COCO files: which cannot be read, and which mmdetection leaves out."""

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import numpy as np

from mmaddp.datasets.checks.coco_entries import is_whole

# How far a box may reach over the border of its image: coordinates are often rounded.
TOLERANCE = 1.0


def mask_problem(mask: Any, image: Mapping) -> Optional[str]:
    """What makes a segmentation unreadable; None if it can be read.

    Args:
        mask (Any): Polygons, or a run-length code, compressed or not.
        image (Mapping): The entry of its image.
    """
    size = [image['height'], image['width']]
    if not mask:
        return (
            'it has no segmentation. Add one, or train a detector of boxes only, as '
            'configs/detection/faster-rcnn_* do.'
        )
    if isinstance(mask, dict):
        return _run_length_problem(mask, size)
    if not isinstance(mask, list) or not all(isinstance(part, list) for part in mask):
        return f'its segmentation is a {type(mask).__name__}; expected polygons or an RLE.'
    if [len(mask), *{len(row) for row in mask}] == size and min(size) > 1:
        return (
            'its segmentation is a bitmap, which would be read as polygons. Write it as '
            'pycocotools.mask.encode does.'
        )
    wrong = next((part for part in mask if not _are_numbers(part)), None)
    if wrong is not None:
        return f'its segmentation holds {str(wrong)[:60]}; expected [x1, y1, x2, y2, ...].'
    return None


def is_left_out(annotation: Mapping, image: Mapping, with_mask: bool) -> bool:
    """Whether mmdetection leaves an object out."""
    x, y, width, height = annotation['bbox']
    inside_x = min(x + width, image['width']) - max(x, 0)
    inside_y = min(y + height, image['height']) - max(y, 0)
    polygons = annotation.get('segmentation') if with_mask else None
    return (
        min(inside_x, inside_y) <= 0
        or min(width, height) < 1
        or annotation['area'] <= 0
        or (isinstance(polygons, list) and not any(map(_is_polygon, polygons)))
    )


def reaches_out(annotation: Mapping, image: Mapping) -> bool:
    """Whether a box reaches over the border of its image by more than rounding."""
    x, y, width, height = annotation['bbox']
    over = (-x, -y, x + width - image['width'], y + height - image['height'])
    return max(over) > TOLERANCE


def _run_length_problem(mask: Mapping, size: Sequence[int]) -> Optional[str]:
    given = mask.get('size')
    if given != size:
        return f'its mask has the size {given}, its image {size} (height, width).'
    counts = mask.get('counts')
    if isinstance(counts, list) and all(map(is_whole, counts)):
        runs = counts
    elif isinstance(counts, str):
        runs = _decompress(counts)
    else:
        return 'its mask has no counts, as a list of whole numbers or as text.'
    if not runs:
        return 'the counts of its mask are empty or cut off.'
    if min(runs) < 0 or sum(runs) != size[0] * size[1]:
        return f'the counts of its mask make {sum(runs)} pixels, its image has {size[0] * size[1]}.'
    return None


def _decompress(counts: str) -> list[int]:
    """Runs of COCO's compressed code; none if it is damaged.

    A character holds 5 bits of a number, lowest first, and whether more follow; from the fourth
    number on it is the difference to the one before the last.
    """
    codes = np.frombuffer(counts.encode('utf-8', 'surrogatepass'), np.uint8).astype(np.int64) - 48
    if not len(codes) or codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        return []
    last = np.flatnonzero((codes & 32) == 0)
    first = np.concatenate([[0], last[:-1] + 1])
    if (last - first).max() > 6:  # more than 32 bits
        return []
    place = np.arange(len(codes)) - np.repeat(first, last - first + 1)
    runs = np.add.reduceat((codes & 31) << (5 * place), first)
    negative = (codes[last] & 16) != 0
    runs = runs - (negative.astype(np.int64) << (5 * (last - first + 1)))
    runs[1::2] = runs[1::2].cumsum()
    runs[2::2] = runs[2::2].cumsum()
    return runs.tolist()


def _are_numbers(values: Sequence) -> bool:
    try:
        array = np.asarray(values)
    except ValueError:  # lists of different lengths
        return False
    return array.ndim == 1 and (not len(array) or _is_finite(array))


def _is_finite(array: np.ndarray) -> bool:
    return array.dtype.kind in 'iuf' and bool(np.isfinite(array).all())


def _is_polygon(points: Sequence[float]) -> bool:
    return len(points) >= 6 and len(points) % 2 == 0
