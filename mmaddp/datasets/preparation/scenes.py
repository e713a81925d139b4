"""Scenes: glyphs composed over crops of photographs, with exact masks of what is visible."""

from dataclasses import dataclass
from typing import Optional

import numpy as np
from PIL import Image

from .sources import GlyphSplit

# Columns of a photograph that a split may use, as fractions of the width.
REGIONS = dict(train=(0.0, 0.7), val=(0.7, 1.0))
CROP_SCALES = (0.75, 1.5)  # side of a photograph's crop over the scene's
GLYPH_SCALES = (0.18, 0.6)  # side of a glyph's box over the scene's
MAX_GLYPHS = 6
MAX_TURN = 15.0  # degrees
MIN_VISIBLE = 0.4  # of a glyph's own pixels
# Ink is light and what lies behind it dark, as in the pictures of single glyphs, so that an encoder
# pre-trained on those has seen similar ones.
DIMMING = 0.4  # of the photographs
LIGHT_INK = 140  # least value of an ink's channels, of 255
INKS = 20  # colours to choose the most contrasting from
PLACEMENTS = 20  # attempts for one glyph
OPAQUE, TRANSPARENT = 0.9, 0.1  # between them the segmentation set ignores a pixel


@dataclass(frozen=True)
class Scene:
    """A picture with instances.

    Attributes:
        image (np.ndarray): RGB, uint8, shape (S, S, 3).
        masks (np.ndarray): Visible pixels per instance, bool, disjoint, shape (N, S, S).
        labels (np.ndarray): Classes, int64, shape (N,).
        ignored (np.ndarray): Pixels where a glyph's soft edge mixes two things, bool, (S, S).
        names (list[str]): Names of the N glyphs.
    """

    image: np.ndarray
    masks: np.ndarray
    labels: np.ndarray
    ignored: np.ndarray
    names: list[str]


def load_photographs() -> list[np.ndarray]:
    """The two photographs that scikit-learn carries, RGB uint8 (427, 640, 3)."""
    from sklearn.datasets import load_sample_images

    return list(load_sample_images().images)


def photograph_region(photograph: np.ndarray, split: str) -> np.ndarray:
    """The columns of a photograph that a split may use; splits do not share any."""
    start, end = (round(fraction * photograph.shape[1]) for fraction in REGIONS[split])
    return photograph[:, start:end]


def resize_glyph(glyph: np.ndarray, size: int) -> np.ndarray:
    """Resize a glyph (H, W) in 0..1 bicubically to (size, size), clipped to 0..1."""
    image = Image.fromarray(glyph.astype(np.float32))
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC)).clip(0, 1)


def compose_scene(
    regions: list[np.ndarray], glyphs: GlyphSplit, size: int, rng: np.random.Generator
) -> Scene:
    """Compose one scene with 1 to ``MAX_GLYPHS`` glyphs, later ones in front.

    Args:
        regions (list[np.ndarray]): Photographs to crop from, RGB uint8.
        glyphs (GlyphSplit): Glyphs to draw from.
        size (int): Side of the scene, S, in pixels.
        rng (np.random.Generator): Source of all random choices.
    """
    canvas = _background(regions[rng.integers(len(regions))], size, rng)
    owner = np.full((size, size), -1)
    soft: np.ndarray = np.zeros((size, size), bool)
    areas: list[int] = []
    chosen: list[int] = []
    for _ in range(rng.integers(1, MAX_GLYPHS + 1)):
        index = int(rng.integers(len(glyphs.images)))
        cover = _place(glyphs.images[index], glyphs.ink, owner, areas, rng)
        if cover is None:
            continue
        solid = cover >= 0.5
        colour = _light_colour(canvas[solid], rng)
        canvas += cover[..., None] * (colour - canvas)
        owner[solid] = len(areas)
        soft = (soft & (cover < OPAQUE)) | ((cover > TRANSPARENT) & (cover < OPAQUE))
        areas.append(int(solid.sum()))
        chosen.append(index)
    return Scene(
        image=canvas.round().clip(0, 255).astype(np.uint8),
        masks=owner == np.arange(len(areas))[:, None, None],
        labels=glyphs.labels[chosen],
        ignored=soft,
        names=[glyphs.names[index] for index in chosen],
    )


def _background(region: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A random square crop, perhaps mirrored, resized, dimmed: RGB in 0..255, (size, size, 3)."""
    height, width = region.shape[:2]
    side = min(round(size * rng.uniform(*CROP_SCALES)), height, width)
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    crop = region[top : top + side, left : left + side]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    image = Image.fromarray(np.ascontiguousarray(crop))
    return DIMMING * np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))


def _place(
    glyph: np.ndarray,
    ink: tuple[float, float],
    owner: np.ndarray,
    areas: list[int],
    rng: np.random.Generator,
) -> Optional[np.ndarray]:
    """Find a place that leaves enough of every earlier glyph visible.

    Returns:
        np.ndarray, optional: The glyph's opacity in 0..1 over the scene, or None without a place.
    """
    size = len(owner)
    for _ in range(PLACEMENTS):
        low, high = np.log(GLYPH_SCALES)
        side = max(round(size * np.exp(rng.uniform(low, high))), 4)
        turned = Image.fromarray(resize_glyph(glyph, side)).rotate(
            rng.uniform(-MAX_TURN, MAX_TURN), Image.Resampling.BICUBIC
        )
        top, left = rng.integers(size - side + 1, size=2)
        cover = np.zeros(owner.shape)
        cover[top : top + side, left : left + side] = np.asarray(turned)
        cover = ((cover - ink[0]) / (ink[1] - ink[0])).clip(0, 1)
        rest = np.where(cover >= 0.5, -1, owner)
        visible = np.bincount(rest[rest >= 0], minlength=len(areas))
        if (cover >= 0.5).any() and (visible >= MIN_VISIBLE * np.array(areas)).all():
            return cover
    return None


def _light_colour(under: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A light RGB colour: of several random ones, the one furthest from every pixel under it.

    Args:
        under (np.ndarray): RGB in 0..255 of what the glyph will cover, (N, 3), N > 0.
        rng (np.random.Generator): Source of the colours.
    """
    colours = rng.uniform(LIGHT_INK, 255, (INKS, 3))
    distances = np.linalg.norm(colours[:, None] - under, axis=-1)
    return colours[distances.min(1).argmax()]
