"""Boxes and labels drawn over pictures that may be small: enlarged, so that they can be read."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Least side of a drawing; sizes in pixels of the drawing.
SIDE = 448
LINE = 4
TEXT = 30
OPACITY = 0.45
# Colours of classes, in turn; they differ for people who see red and green alike, too.
COLOURS = (
    *((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)),
    *((0, 114, 178), (213, 94, 0), (204, 121, 167)),
)


def colour(label: int) -> tuple[int, int, int]:
    """Colour of a class."""
    return COLOURS[label % len(COLOURS)]


def draw_boxes(
    pixels: np.ndarray, boxes: np.ndarray, labels: Sequence[int], texts: Sequence[str]
) -> np.ndarray:
    """Draw objects.

    Args:
        pixels (np.ndarray): RGB, uint8, (H, W, 3).
        boxes (np.ndarray): Corners x1, y1, x2, y2 in pixels of the picture, shape (N, 4).
        labels (Sequence[int]): Classes, N of them.
        texts (Sequence[str]): What stands at each box.

    Returns:
        np.ndarray: The picture, enlarged if it was small.
    """
    zoom = _zoom(pixels)
    picture = Image.fromarray(_enlarge(pixels, zoom))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(TEXT)
    for box, label, text in zip(boxes * zoom, labels, texts):
        left, top, right, bottom = box.tolist()
        pen.rectangle((left, top, max(left, right), max(top, bottom)), None, colour(label), LINE)
        place = left, max(0, top - TEXT - 2 * LINE)
        around = pen.textbbox(place, text, font)
        pen.rectangle((*place, around[2] + LINE, around[3] + LINE), colour(label))
        pen.text(place, text, (0, 0, 0), font)
    return np.asarray(picture)


def draw_regions(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Colour every pixel by its class.

    Args:
        pixels (np.ndarray): RGB, uint8, (H, W, 3).
        labels (np.ndarray): Class of each pixel, or -1 for none, shape (H, W).

    Returns:
        np.ndarray: The picture, enlarged if it was small.
    """
    table = np.array([colour(label) for label in range(int(labels.max(initial=0)) + 1)])
    blended = (1 - OPACITY) * pixels + OPACITY * table[labels.clip(0)]
    shown = np.where(labels[..., None] < 0, pixels, blended.round().astype(np.uint8))
    return _enlarge(shown, _zoom(pixels))


def _zoom(pixels: np.ndarray) -> int:
    return max(1, -(-SIDE // min(pixels.shape[:2])))


def _enlarge(pixels: np.ndarray, zoom: int) -> np.ndarray:
    return pixels.repeat(zoom, axis=0).repeat(zoom, axis=1)
