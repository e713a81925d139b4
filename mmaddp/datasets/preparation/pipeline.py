"""From a source to a finished folder."""

from pathlib import Path

import numpy as np

from .folders import is_complete, new_folder
from .scenes import Scene, compose_scene, load_photographs, photograph_region
from .sources import GlyphSource
from .writers import write_classification, write_detection, write_segmentation

# Incremented whenever the same settings would make different files.
VERSION = 1
SCENE_SEEDS = dict(train=1, val=2)


def make_scenes(source: GlyphSource, split: str, size: int, count: int) -> list[Scene]:
    """Compose the scenes of a split; scene i does not depend on how many there are."""
    regions = [photograph_region(photograph, split) for photograph in load_photographs()]
    return [
        compose_scene(
            regions, source.splits[split], size, np.random.default_rng((SCENE_SEEDS[split], i))
        )
        for i in range(count)
    ]


def prepare(
    folder: Path, source: GlyphSource, source_name: str, size: int, scene_size: int, scenes: dict
) -> bool:
    """Write ``classification/``, ``detection/`` and ``segmentation/`` below a folder.

    Args:
        folder (Path): The folder to make.
        source (GlyphSource): The pictures.
        source_name (str): Recorded in the folder's manifest.
        size (int): Side of the classification pictures.
        scene_size (int): Side of the scenes.
        scenes (dict[str, int]): Number of scenes per split.

    Returns:
        bool: False if the folder existed already, complete and with these settings.

    Raises:
        ValueError: The folder holds something else.
    """
    settings = dict(
        version=VERSION, source=source_name, size=size, scene_size=scene_size, scenes=scenes
    )
    if is_complete(folder, settings):
        return False
    with new_folder(folder, settings) as root:
        write_classification(root / 'classification', source, size)
        for split, count in scenes.items():
            composed = make_scenes(source, split, scene_size, count)
            write_detection(root / 'detection', split, composed, source.classes)
            write_segmentation(root / 'segmentation', split, composed)
    return True
