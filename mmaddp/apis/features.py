"""Features of images."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional, Union

import torch
from mmengine.model import BaseModel
from torch import Tensor

from mmaddp.apis.image_files import picture_reader
from mmaddp.apis.inputs import Images, InputImage, list_inputs
from mmaddp.apis.prediction import InputPipeline, Model, batches, ready_model
from mmaddp.models.selfsup import ADDP
from mmaddp.utils.fit_image import fit_image


def extract_features(
    images: Images,
    model: Model,
    checkpoint: Optional[Union[str, Path]] = None,
    *,
    stage: str = 'neck',
    batch_size: int = 1,
    device: Optional[str] = None,
) -> Tensor:
    """Compute features of images.

    ``configs/classification/*_knn_*.py`` takes any checkpoint of our or the official
    pre-training; other sizes and taps are settings of its backbone. An ADDP model itself gives the
    same features: the mean of its encoder's patch tokens.

    Args:
        images (str | Path | np.ndarray | Image.Image | Sequence): As in :func:`classify`.
        model (BaseModel | Config | str | Path): A model with a backbone, of :func:`build_model`,
            or its config; the config's test pipeline is used. For ADDP, images are cropped to the
            aspect of the model's and resized.
        checkpoint (str | Path, optional): Checkpoint of a config's model. Defaults to None, for a
            model that was built.
        stage (str): 'backbone', 'neck' (the backbone if there is none) or 'pre_logits'; of ADDP
            one of the first two. Defaults to 'neck'.
        batch_size (int): Images at a time. Defaults to 1.
        device (str, optional): Defaults to None: the GPU if there is one.

    Returns:
        torch.Tensor: The last feature of the stage, on the CPU: (N, C) where it is pooled, or
        (N, C, h, w), (N, 1 + h * w, C), as the backbone's ``out_type`` says.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: The checkpoint does not fit, an image cannot be read, or the model has no such
            stage.
    """
    inputs = list_inputs(images)
    model = ready_model(model, checkpoint, device)
    compute = _features_of_addp if isinstance(model, ADDP) else _features_of_classifier
    with torch.no_grad():
        return torch.cat([part.cpu() for part in compute(model, inputs, stage, batch_size)])


def _features_of_classifier(
    model: BaseModel, inputs: Sequence[InputImage], stage: str, batch_size: int
) -> Iterator[Tensor]:
    for batch in batches(inputs, InputPipeline.of(model._config), batch_size):
        pixels = model.data_preprocessor(batch, False)['inputs']
        found = model.extract_feat(pixels, stage=stage)
        yield found if isinstance(found, Tensor) else found[-1]


def _features_of_addp(
    model: ADDP, inputs: Sequence[InputImage], stage: str, batch_size: int
) -> Iterator[Tensor]:
    if stage not in ('backbone', 'neck'):
        raise ValueError(f"ADDP has the stages 'backbone' and 'neck', got {stage!r}.")
    if batch_size < 1:
        raise ValueError(f'batch_size must be at least 1, got {batch_size}.')
    size, device = tuple(model.backbone.img_size), model.neck.mask_token.device
    reader = picture_reader(model)
    for start in range(0, len(inputs), batch_size):
        part = inputs[start : start + batch_size]
        pixels = torch.stack([fit_image(image.read(reader), size) for image in part])
        tokens = model.encode(pixels.to(device))
        yield tokens[:, 1:].mean(dim=1) if stage == 'neck' else tokens
