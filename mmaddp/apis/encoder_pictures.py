"""A trained model with pictures as its encoder takes them, for analysis."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional, Union

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmaddp.apis.image_files import picture_reader
from mmaddp.apis.inputs import Images, InputImage, list_inputs
from mmaddp.apis.loading import load
from mmaddp.apis.prediction import InputPipeline, batches
from mmaddp.models.selfsup import ADDP
from mmaddp.utils.fit_image import fit_image


class EncoderPictures(NamedTuple):
    """An encoder and pictures for it.

    Attributes:
        model (BaseModel): The model that it belongs to, in evaluation mode.
        backbone (nn.Module): The encoder.
        images (Tensor): The pictures as they are shown, in [0, 1], shape (B, 3, H, W).
        inputs (Tensor): The same as the encoder takes them, normalised, on its device.
    """

    model: BaseModel
    backbone: nn.Module
    images: Tensor
    inputs: Tensor


def encoder_pictures(
    source: Union[str, Path],
    images: Images,
    most: int,
    config: Optional[str] = None,
    device: Optional[str] = None,
) -> EncoderPictures:
    """Load a model that pre-trains or classifies, and pictures for it.

    Args:
        source (str | Path): As :func:`mmaddp.load` takes it.
        images (str | Path | Sequence): As :func:`mmaddp.apis.inputs.list_inputs` takes them.
        most (int): Most pictures; of more, evenly spaced ones are taken.
        config (str, optional): Config of a checkpoint. Defaults to None: the one beside it.
        device (str, optional): Defaults to None: the GPU if there is one.

    Raises:
        ValueError: The model has no such encoder.
    """
    chosen = _evenly(list_inputs(images), most)
    loaded = load(source, config, device=device)
    model = loaded.model
    if isinstance(model, ADDP):
        pictures = _pictures_of_addp(model, chosen)
        mean, std = model.pixel_mean, model.pixel_std
        inputs = (pictures.to(mean.device) - mean) / std
        return EncoderPictures(model, model.backbone, pictures, inputs)
    if 'features' not in loaded.abilities:
        raise ValueError(
            f'{source} is a {type(model).__name__}; this takes the models of pre-training, '
            'classification and k-NN.'
        )
    with loaded._doing('features'):
        parts = batches(chosen, InputPipeline.of(model._config), len(chosen))
        inputs = torch.cat([model.data_preprocessor(part, False)['inputs'] for part in parts])
    mean, std = model.data_preprocessor.mean, model.data_preprocessor.std
    pictures = ((inputs * std + mean) / 255).clamp(0, 1).cpu()
    return EncoderPictures(model, model.backbone, pictures, inputs)


def addp_pictures(
    source: Union[str, Path],
    images: Images,
    most: int,
    config: Optional[str] = None,
    device: Optional[str] = None,
) -> tuple[ADDP, Tensor]:
    """Load an ADDP model, and pictures for it in [0, 1], shape (B, 3, H, W).

    Arguments are those of :func:`encoder_pictures`.

    Raises:
        ValueError: The model is of another kind.
    """
    chosen = _evenly(list_inputs(images), most)
    model = load(source, config, device=device).model
    if not isinstance(model, ADDP):
        raise ValueError(f'{source} is a {type(model).__name__}; this takes models of ADDP alone.')
    return model, _pictures_of_addp(model, chosen)


def _pictures_of_addp(model: ADDP, chosen: Sequence[InputImage]) -> Tensor:
    size, reader = tuple(model.backbone.img_size), picture_reader(model)
    return torch.stack([fit_image(image.read(reader), size) for image in chosen])


def _evenly(inputs: Sequence[InputImage], most: int) -> list[InputImage]:
    places = torch.linspace(0, len(inputs) - 1, min(most, len(inputs))).long()
    return [inputs[place] for place in places.tolist()]
