"""A page of pictures as augmentation delivers them."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmpretrain.registry import TRANSFORMS  # noqa: F401, fills the host's registry

from mmaddp.datasets.seeding import sample_seeds, seeded_rng
from mmaddp.own.look import Look
from mmaddp.utils.images import image_grid, save_png

NUMBER, COLUMNS = 64, 8


def draw_sheet(found: Look, config: Config, seed: int, file: Path) -> None:
    """Draw 64 pictures, evenly spaced, or fewer where there are fewer.

    Args:
        found (Look): The pictures.
        config (Config): Has ``train_pipeline``.
        seed (int): Of the augmentation.
        file (Path): PNG file to write.
    """
    init_default_scope(config.default_scope)
    pipeline = Compose(config.train_pipeline)
    places = torch.linspace(0, len(found.pictures) - 1, min(NUMBER, len(found.pictures)))
    images = []
    for index in places.round().long().tolist():
        with seeded_rng(sample_seeds(seed, 0, index)):
            sample = pipeline(dict(img_path=str(found.folder / found.pictures[index].file)))
        images.append(sample['inputs'].float() / 255)
    save_png(image_grid(images, COLUMNS), file)
