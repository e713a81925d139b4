"""Writes the three layouts that the hosts read."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from .scenes import Scene, resize_glyph
from .sources import GlyphSource

SEGMENTATION_SPLITS = dict(train='training', val='validation')
# Values of a label picture; class c of the source is c + FIRST_CLASS.
IGNORE, BACKGROUND, FIRST_CLASS = 0, 1, 2


def write_classification(root: Path, source: GlyphSource, size: int) -> None:
    """Write ``{split}/{class}/{name}.png`` and ``meta/{split}.txt`` (lines ``path class``).

    Args:
        root (Path): Folder to write into.
        source (GlyphSource): The pictures.
        size (int): Their side, in pixels; grey values are written as RGB.
    """
    (root / 'meta').mkdir(parents=True)
    for split, glyphs in source.splits.items():
        for label in range(len(source.classes)):
            (root / split / str(label)).mkdir(parents=True)
        lines = []
        for image, label, name in zip(glyphs.images, glyphs.labels, glyphs.names):
            path = f'{label}/{name}.png'
            grey = np.round(resize_glyph(image, size) * 255).astype(np.uint8)
            Image.fromarray(grey).convert('RGB').save(root / split / path)
            lines.append(f'{path} {label}\n')
        (root / 'meta' / f'{split}.txt').write_text(''.join(sorted(lines)))


def write_detection(
    root: Path, split: str, scenes: Iterable[Scene], classes: tuple[str, ...]
) -> None:
    """Write ``{split}/{id}.png`` and ``annotations/instances_{split}.json`` in COCO's format.

    Masks are run-length codes of the visible pixels, boxes their tight bounds; class c of the
    source is category c + 1.
    """
    (root / split).mkdir(parents=True)
    (root / 'annotations').mkdir(exist_ok=True)
    images: list[dict] = []
    annotations: list[dict] = []
    for image_id, scene in enumerate(scenes, 1):
        file_name = f'{image_id:06}.png'
        Image.fromarray(scene.image).save(root / split / file_name)
        height, width = scene.image.shape[:2]
        images.append(dict(id=image_id, file_name=file_name, width=width, height=height))
        for label, mask in zip(scene.labels, scene.masks):
            annotation_id = len(annotations) + 1
            annotations.append(_annotation(annotation_id, image_id, int(label) + 1, mask))
    categories = [dict(id=i, name=name) for i, name in enumerate(classes, 1)]
    content = dict(images=images, annotations=annotations, categories=categories)
    (root / 'annotations' / f'instances_{split}.json').write_text(json.dumps(content))


def write_segmentation(root: Path, split: str, scenes: Iterable[Scene]) -> None:
    """Write ``images/{split}/{id}.png`` and ``annotations/{split}/{id}.png`` in ADE20K's layout.

    Label pictures are 8-bit grey: 0 is ignored, 1 is background, class c of the source is c + 2;
    ``reduce_zero_label=True`` makes them 255, 0 and c + 1. Splits are ``training`` and
    ``validation``.
    """
    folder = SEGMENTATION_SPLITS[split]
    for kind in ('images', 'annotations'):
        (root / kind / folder).mkdir(parents=True)
    for image_id, scene in enumerate(scenes, 1):
        name = f'{image_id:06}.png'
        Image.fromarray(scene.image).save(root / 'images' / folder / name)
        Image.fromarray(label_picture(scene)).save(root / 'annotations' / folder / name)


def label_picture(scene: Scene) -> np.ndarray:
    """Label picture of a scene, uint8, shape (S, S)."""
    labels = np.full(scene.image.shape[:2], BACKGROUND, np.uint8)
    for label, mask in zip(scene.labels, scene.masks):
        labels[mask] = label + FIRST_CLASS
    labels[scene.ignored] = IGNORE
    return labels


def _annotation(annotation_id: int, image_id: int, category_id: int, mask: np.ndarray) -> dict:
    code = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return dict(
        id=annotation_id,
        image_id=image_id,
        category_id=category_id,
        bbox=coco_mask.toBbox(code).tolist(),
        area=int(mask.sum()),
        iscrowd=0,
        segmentation=dict(size=code['size'], counts=code['counts'].decode()),
    )
