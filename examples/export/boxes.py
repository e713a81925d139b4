"""Arithmetic on boxes, in NumPy: from offsets to boxes, overlaps, cutting regions out of maps."""

import math

import numpy as np

# Boxes grow and shrink by this factor at most.
MOST_GROWTH = abs(math.log(16 / 1000))


def decode(boxes: np.ndarray, deltas: np.ndarray, how: dict, size: tuple) -> np.ndarray:
    """Move boxes (..., 4) by predicted offsets, within a picture of height and width ``size``."""
    deltas = deltas * np.array(how['stds']) + np.array(how['means'])
    sides = boxes[..., 2:] - boxes[..., :2]
    centres = (boxes[..., :2] + boxes[..., 2:]) / 2 + deltas[..., :2] * sides
    sides = sides * np.exp(np.clip(deltas[..., 2:], -MOST_GROWTH, MOST_GROWTH))
    moved = np.concatenate((centres - sides / 2, centres + sides / 2), axis=-1)
    return np.clip(moved, 0, [size[1], size[0]] * 2)


def select(boxes: np.ndarray, scores: np.ndarray, overlap: float) -> np.ndarray:
    """Boxes that no better one overlaps by more than ``overlap``, the best first."""
    order = np.argsort(-scores, kind='stable')
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    chosen = []
    while len(order):
        best, rest = order[0], order[1:]
        chosen.append(best)
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        common = np.clip(high - low, 0, None).prod(axis=1)
        shares = common / np.maximum(areas[best] + areas[rest] - common, 1e-12)
        order = rest[shares <= overlap]
    return np.array(chosen, int)


def select_per_class(boxes: np.ndarray, scores: np.ndarray, how: dict) -> dict[str, np.ndarray]:
    """Choose among boxes (N, classes or 1, 4) with scores (N, classes), each class for itself."""
    found = []
    for label in range(scores.shape[1]):
        likely = np.flatnonzero(scores[:, label] > how['least_score'])
        own = boxes[likely, label if boxes.shape[1] > 1 else 0]
        chosen = select(own, scores[likely, label], how['overlap'])
        values = scores[likely[chosen], label]
        found.append((own[chosen], values, np.full(len(chosen), label)))
    bboxes, values, labels = (np.concatenate(part) for part in zip(*found))
    order = np.argsort(-values, kind='stable')[: how['most']]
    return dict(bboxes=bboxes[order], scores=values[order], labels=labels[order])


def cut_out(maps: dict, boxes: np.ndarray, how: dict) -> np.ndarray:
    """Regions of the maps, (N, C, h, w), large ones from coarse levels (RoIAlign)."""
    scales = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    levels = np.floor(np.log2(scales / how['finest'] + 1e-6))
    levels = np.clip(levels, 0, len(how['strides']) - 1).astype(int)
    cut = [
        _cut_one(maps[f'level_{level}'][0], box / how['strides'][level], how)
        for level, box in zip(levels, boxes)
    ]
    return np.stack(cut).astype(np.float32)


def _cut_one(level: np.ndarray, box: np.ndarray, how: dict) -> np.ndarray:
    """Mean of points within each cell of a box on a map (C, H, W)."""
    axes = []
    for axis, cells in ((1, how['size'][0]), (0, how['size'][1])):
        side = box[axis + 2] - box[axis]
        points = how['sampling'] or max(math.ceil(side / cells), 1)
        places = box[axis] - 0.5 + (np.arange(cells * points) + 0.5) * side / (cells * points)
        axes.append(_mixing(places, level.shape[2 - axis], cells))
    return axes[0] @ level @ axes[1].T


def _mixing(places: np.ndarray, size: int, cells: int) -> np.ndarray:
    """How much of each place of an axis is in each cell, (cells, size); outside there are zeros."""
    inside = (places >= -1) & (places <= size)
    places = np.clip(places, 0, size - 1)
    before = np.minimum(np.floor(places).astype(int), max(size - 2, 0))
    behind = np.minimum(before + 1, size - 1)
    share = places - before
    shares = np.zeros((len(places), size))
    number = np.arange(len(places))
    np.add.at(shares, (number, before), (1 - share) * inside)
    np.add.at(shares, (number, behind), share * inside)
    return shares.reshape(cells, -1, size).mean(axis=1)
