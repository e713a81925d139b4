"""The picture of detections: masks, boxes, and labels that can be read."""

import sys
from itertools import combinations

import numpy as np
import pytest
import torch
from PIL import Image
from test_tools.quickstart_parts import FOLDER

sys.path.insert(0, str(FOLDER))
import draw_detections


def objects_at(boxes):
    """What ``detect`` gives for objects that fill their boxes (left, top, right, bottom)."""
    masks = torch.zeros(len(boxes), 100, 100, dtype=torch.bool)
    for mask, (left, top, right, bottom) in zip(masks, boxes):
        mask[top:bottom, left:right] = True
    numbers = torch.arange(len(boxes))
    names = [str(number) for number in range(len(boxes))]
    scores = 0.9 - 0.1 * numbers
    return dict(bboxes=torch.tensor(boxes), labels=numbers, scores=scores, masks=masks, names=names)


@pytest.fixture
def places(monkeypatch):
    """Where the labels were written."""
    found = []
    write = draw_detections.write_label

    def note(*arguments):
        found.append(write(*arguments))
        return found[-1]

    monkeypatch.setattr(draw_detections, 'write_label', note)
    return found


@pytest.mark.parametrize(
    'boxes',
    [
        [(20, 30, 60, 80)] * 3,
        [(0, 0, 100, 100), (1, 1, 99, 99), (70, 0, 100, 20)],
        [(90, 90, 100, 100), (0, 95, 5, 100)],
    ],
)
def test_labels_lie_in_the_picture_and_not_on_each_other(places, boxes):
    drawn = draw_detections.draw(Image.new('RGB', (100, 100)), objects_at(boxes), zoom=3)
    assert drawn.size == (300, 300) and len(places) == len(boxes)
    for left, top, right, bottom in places:
        assert 0 <= left < right <= 300 and 0 <= top < bottom <= 300
        assert bottom - top >= 20
    for one, two in combinations(places, 2):
        assert not draw_detections.overlap(one, two)


def test_the_better_object_lies_on_top():
    objects = objects_at([(20, 20, 80, 80), (20, 20, 80, 80)])
    pixel = np.array(draw_detections.draw(Image.new('RGB', (100, 100)), objects, zoom=1))[50, 50]
    best, other = (np.array(Image.new('RGB', (1, 1), c))[0, 0] for c in draw_detections.COLOURS[:2])
    np.testing.assert_allclose(pixel, best / 2 + other / 4, atol=2)


def test_a_picture_without_objects_is_only_enlarged():
    image = Image.fromarray(np.full((100, 100, 3), 7, np.uint8))
    assert np.array(draw_detections.draw(image, objects_at([]), zoom=2)).tolist() == (
        np.full((200, 200, 3), 7).tolist()
    )
