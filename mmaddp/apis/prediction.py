"""A model's predictions for images, for any task."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import torch
from mmcv.transforms import LoadImageFromFile
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate, pseudo_collate
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, DefaultScope
from mmengine.structures import BaseDataElement

from mmaddp.apis.inputs import Images, InputImage, drawing_files, list_inputs
from mmaddp.datasets import LoadRGBImage
from mmaddp.datasets.nesting import first_settings
from mmaddp.utils.config_types import type_name
from mmaddp.utils.images import shown_pixels
from mmaddp.visualization.drawing import build_visualizer, draw_sample
from mmaddp.weights.model import build_model

Model = Union[BaseModel, Config, str, Path]


def ready_model(
    model: Model,
    checkpoint: Optional[Union[str, Path]] = None,
    device: Optional[str] = None,
) -> BaseModel:
    """Use a model that was built, or build one.

    Args:
        model (BaseModel | Config | str | Path): What :func:`build_model` returned, for repeated
            calls; or a config or its file.
        checkpoint (str | Path, optional): Checkpoint of a config's model: a file, ``mmaddp://NAME``
            or a URL. Defaults to None, for a model that was built.
        device (str, optional): Defaults to None: the device of a model that was built; else the GPU
            if there is one.

    Returns:
        BaseModel: In evaluation mode.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A checkpoint is missing, superfluous, or does not fit.
    """
    if not isinstance(model, BaseModel):
        if checkpoint is None:
            raise ValueError('A config needs the checkpoint of its model.')
        return build_model(model, checkpoint, device)
    if checkpoint is not None:
        raise ValueError('The model is built already: give its config, or no checkpoint.')
    if getattr(model, '_config', None) is None:
        raise ValueError('The model has no config: build it with mmaddp.apis.build_model.')
    return (model if device is None else model.to(torch.device(device))).eval()


@dataclass(frozen=True)
class InputPipeline:
    """What a config's test does with an image after loading it.

    Attributes:
        transforms (Compose): The transforms.
        is_rgb (bool): Whether they expect RGB, or other channels; otherwise BGR.
        reader (LoadRGBImage): How pictures are read.
        to_float32 (bool): Whether it gives floating-point numbers.
        collate (Callable): Makes a batch of samples.
    """

    transforms: Compose
    is_rgb: bool
    reader: LoadRGBImage
    to_float32: bool
    collate: Callable[[Sequence[dict]], dict]

    @classmethod
    def of(cls, config: Config) -> 'InputPipeline':
        """Build the pipeline of a config.

        Raises:
            ValueError: It has no ``test_dataloader``.
        """
        loader = config.get('test_dataloader')
        if loader is None:
            raise ValueError(
                f'{config.filename or "The config"} has no test_dataloader: its pipeline says how '
                'images are prepared for the model.'
            )
        with DefaultScope.overwrite_default_scope(config.get('default_scope', 'mmpretrain')):
            settings = first_settings(loader.dataset)['pipeline']
            steps = Compose([step for step in settings if not _loads_truth(step)]).transforms
        loaders = [step for step in steps if isinstance(step, LoadRGBImage | LoadImageFromFile)]
        first = loaders[0] if loaders else LoadRGBImage()
        is_rgb = isinstance(first, LoadRGBImage)
        ignores = not is_rgb and 'ignore_orientation' in first.color_type
        name = type_name(loader.get('collate_fn') or dict(type='pseudo_collate'))
        collate = default_collate if name == 'default_collate' else pseudo_collate
        return cls(
            Compose([step for step in steps if step not in loaders]),
            is_rgb,
            first if is_rgb else LoadRGBImage(ignore_orientation=ignores),
            getattr(first, 'to_float32', False),
            collate,
        )

    def sample(self, image: InputImage) -> tuple[np.ndarray, dict]:
        """The image as it is shown, RGB, uint8, (H, W, 3), and the network's input made from it."""
        pixels = image.read(self.reader)
        array = (pixels if self.is_rgb else pixels[..., ::-1]).copy()
        array = array.astype(np.float32) if self.to_float32 else array
        size = dict(img_shape=array.shape[:2], ori_shape=array.shape[:2])
        path = None if image.path is None else str(image.path)
        return shown_pixels(pixels), self.transforms(dict(img=array, img_path=path, **size))


def batches(
    inputs: Sequence[InputImage], pipeline: InputPipeline, batch_size: int
) -> Iterator[dict]:
    """Batches of images for ``test_step``.

    Raises:
        ValueError: ``batch_size`` is below 1, or an image cannot be read.
    """
    if batch_size < 1:
        raise ValueError(f'batch_size must be at least 1, got {batch_size}.')
    for start in range(0, len(inputs), batch_size):
        part = inputs[start : start + batch_size]
        yield pipeline.collate([pipeline.sample(image)[1] for image in part])


def predict_and_draw(
    images: Images,
    model: BaseModel,
    out_dir: Optional[Union[str, Path]] = None,
    visualizer: Optional[Mapping[str, Any]] = None,
    **draw_options,
) -> Iterator[tuple[InputImage, BaseDataElement]]:
    """Predict as the config's test does, one image at a time, and draw what was found.

    Args:
        images (Images): See :func:`mmaddp.apis.inputs.list_inputs`.
        model (BaseModel): From :func:`ready_model`.
        out_dir (str | Path, optional): Folder for pictures with the predictions drawn, named as
            the images are. Defaults to None, no pictures.
        visualizer (Mapping, optional): Settings of the config's visualizer to replace.
            Defaults to None.
        **draw_options: See :func:`mmaddp.visualization.drawing.draw_sample`.

    Yields:
        tuple: Image and data sample of the host, with its predictions, on the model's device.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: An image cannot be read, or a drawing would lie among the images.
    """
    inputs = list_inputs(images)
    pipeline = InputPipeline.of(model._config)
    files: list = [None] * len(inputs)
    if out_dir is not None:
        files = drawing_files(images, inputs, out_dir)
        drawer = _drawer(model._config, **visualizer or {})
    for image, file in zip(inputs, files):
        pixels, sample = pipeline.sample(image)
        with torch.no_grad():
            (found,) = model.test_step(pseudo_collate([sample]))
        if file is not None:
            draw_sample(drawer, pixels, found, file, draw_gt=False, **draw_options)
        yield image, found


def names_of_classes(model: BaseModel) -> Optional[tuple[str, ...]]:
    """Names of the classes: those of the checkpoint, else those of the config's test data."""
    names = model._dataset_meta.get('classes')
    if names is None:
        names = _test_meta(model._config).get('classes')
    return None if names is None else tuple(names)


def _drawer(config: Config, **changes):
    scope = config.get('default_scope', 'mmpretrain')
    with DefaultScope.overwrite_default_scope(scope):
        return build_visualizer(config, _test_meta(config), **changes)


def _test_meta(config: Config) -> dict:
    """What the test data set says about itself without reading its files."""
    settings = first_settings(config.test_dataloader.dataset)
    with DefaultScope.overwrite_default_scope(config.get('default_scope', 'mmpretrain')):
        return DATASETS.build({**settings, 'lazy_init': True, 'pipeline': []}).metainfo


def _loads_truth(step: dict) -> bool:
    return type_name(step).startswith('LoadAnnotations')
