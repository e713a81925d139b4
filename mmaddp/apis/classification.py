"""Classes of images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Optional, Union

import torch

from mmaddp.apis.inputs import Images, list_inputs
from mmaddp.apis.prediction import (
    InputPipeline,
    Model,
    batches,
    predict_and_draw,
    ready_model,
)

# Shorter side of a drawing, so that text on it can be read.
DRAWN_SIDE = 224


def classify(
    images: Images,
    model: Model,
    checkpoint: Optional[Union[str, Path]] = None,
    *,
    classes: Optional[Sequence[str]] = None,
    out_dir: Optional[Union[str, Path]] = None,
    batch_size: int = 1,
    device: Optional[str] = None,
) -> list[dict]:
    """Classify images.

    Args:
        images (str | Path | np.ndarray | Image.Image | Sequence): Files, folders, RGB arrays
            (H, W, 3) of uint8, or Pillow images; one or several.
        model (BaseModel | Config | str | Path): A classifier of :func:`build_model`, or its
            config; the config's test pipeline is used.
        checkpoint (str | Path, optional): Checkpoint of a config's model, ours or an official
            fine-tuned file. Defaults to None, for a model that was built.
        classes (Sequence[str], optional): Names of the classes. Defaults to those in the
            checkpoint.
        out_dir (str | Path, optional): Folder for the pictures with their class and its score
            written on them, named as the images are; they are then classified one at a time.
            Defaults to None, no pictures.
        batch_size (int): Images at a time. Defaults to 1.
        device (str, optional): Defaults to None: the GPU if there is one.

    Returns:
        list[dict]: For each image ``path`` (None without a file), ``pred_label``, ``pred_score``
        in [0, 1], ``pred_scores`` of all classes, an array, and ``pred_class`` where names are
        known.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: The checkpoint does not fit, or an image cannot be read.
    """
    inputs = list_inputs(images)
    model = ready_model(model, checkpoint, device)
    names = classes or model._dataset_meta.get('classes')
    if out_dir is not None:
        drawn = predict_and_draw(images, model, out_dir, classes=names, resize=DRAWN_SIDE)
        return [_result(image.path, sample, names) for image, sample in drawn]
    found = []
    with torch.no_grad():
        for batch in batches(inputs, InputPipeline.of(model._config), batch_size):
            found += model.test_step(batch)
    return [_result(image.path, sample, names) for image, sample in zip(inputs, found)]


def _result(path: Optional[Path], sample, names: Optional[Sequence[str]]) -> dict:
    scores = sample.pred_score.cpu()
    label = int(scores.argmax())
    result = dict(
        path=path, pred_label=label, pred_score=float(scores[label]), pred_scores=scores.numpy()
    )
    if names is None:
        return result
    if len(names) != len(scores):
        raise ValueError(f'{len(names)} classes are named, but the model has {len(scores)}.')
    return dict(result, pred_class=names[label])
