"""A model's predictions for picture files, of any task."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional, Union

import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DATASETS
from mmengine.structures import BaseDataElement
from PIL import Image

from mmaddp.datasets import LoadRGBImage
from mmaddp.datasets.nesting import first_settings
from mmaddp.utils.config_types import type_name
from mmaddp.visualization.drawing import build_visualizer, draw_sample
from mmaddp.weights.model import build_model

Images = Union[str, Path, Sequence[Union[str, Path]]]


def list_images(images: Images) -> list[Path]:
    """Find picture files.

    Args:
        images (str | Path | Sequence): A file, a folder whose pictures are taken in order of their
            names, or several of both.

    Returns:
        list[Path]: The files.

    Raises:
        FileNotFoundError: One does not exist, or a folder holds no picture.
    """
    files = []
    for item in [images] if isinstance(images, str | Path) else images:
        path = Path(item).expanduser()
        found = [path] if path.is_file() else []
        if path.is_dir():
            found = sorted(p for p in path.iterdir() if p.suffix.lower() in _picture_suffixes())
        if not found:
            raise FileNotFoundError(f'There is no picture {path}, nor a folder with pictures.')
        files += found
    return files


def predict_images(
    images: Images,
    config: Union[str, Path, Config],
    weights: Union[str, Path],
    out_dir: Optional[Union[str, Path]] = None,
    visualizer: Optional[dict] = None,
    **draw_options,
) -> Iterator[tuple[Path, BaseDataElement]]:
    """Predict as the configuration's test does, one image at a time.

    Args:
        images (str | Path | Sequence): See :func:`list_images`.
        config (str | Path | Config): Configuration, or its file.
        weights (str | Path): Checkpoint of its model.
        out_dir (str | Path, optional): Folder for pictures with the predictions drawn, named as
            the images are. Defaults to None, no pictures.
        visualizer (dict, optional): Settings of the configuration's visualiser to replace.
            Defaults to None.
        **draw_options: See :func:`mmaddp.visualization.drawing.draw_sample`.

    Yields:
        tuple: File and data sample of the host, with its predictions, on the model's device.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: An image cannot be read, or the weights do not fit.
    """
    files = list_images(images)
    config = config if isinstance(config, Config) else Config.fromfile(config)
    model = build_model(config, weights)
    dataset = first_settings(config.test_dataloader.dataset)
    pipeline = Compose([step for step in dataset['pipeline'] if not _loads_truth(step)])
    if out_dir is not None:
        meta = DATASETS.build({**dataset, 'lazy_init': True, 'pipeline': []}).metainfo
        drawer = build_visualizer(config, meta, **visualizer or {})
    for file in files:
        image = LoadRGBImage()(dict(img_path=str(file)))['img']
        batch = pseudo_collate([pipeline(dict(img_path=str(file)))])
        with torch.no_grad():
            (sample,) = model.test_step(batch)
        if out_dir is not None:
            target = Path(out_dir) / f'{file.stem}.png'
            draw_sample(drawer, image, sample, target, draw_gt=False, **draw_options)
        yield file, sample


def _loads_truth(step: dict) -> bool:
    return type_name(step).startswith('LoadAnnotations')


def _picture_suffixes() -> set[str]:
    return set(Image.registered_extensions())
