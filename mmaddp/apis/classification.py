"""Classes and features of single images."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmpretrain.apis import FeatureExtractor, ImageClassificationInferencer
from mmpretrain.registry import TRANSFORMS

from mmaddp.datasets import LoadRGBImage
from mmaddp.datasets.nesting import first_settings
from mmaddp.weights.model import build_model

LOADERS = ('LoadRGBImage', 'LoadImageFromFile')
Images = Union[str, Path, np.ndarray, Sequence[Union[str, Path, np.ndarray]]]


class _RGBInputs:
    """Mix-in for mmpretrain's inferencers: our weights, and RGB where they assume BGR files."""

    def __init__(self, config: Union[str, Path, Config], weights: Union[str, Path], **kwargs):
        super().__init__(model=build_model(config, weights), pretrained=False, **kwargs)

    def __call__(self, inputs: Images, **kwargs) -> Any:
        return super().__call__(_to_list(inputs), **kwargs)

    def _init_pipeline(self, cfg: Config) -> Compose:
        dataset = first_settings(cfg.test_dataloader.dataset)
        steps = [TRANSFORMS.build(step) for step in dataset.pipeline]
        loaders = [step for step in steps if type(step).__name__ in LOADERS]
        self._loader = loaders[0] if loaders else LoadRGBImage()
        return Compose([step for step in steps if type(step).__name__ not in LOADERS])

    def preprocess(self, inputs: list, batch_size: int = 1) -> Iterator[dict]:
        """Load, transform and batch images."""
        samples = (self.pipeline(self._load(image)) for image in inputs)
        yield from map(default_collate, self._get_chunk_data(samples, batch_size))

    def _load(self, image: Union[str, np.ndarray]) -> dict:
        if isinstance(image, str):
            return self._loader(dict(img_path=image))
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(
                'An image must be a file or an RGB array (H, W, 3) of uint8, got '
                f'{image.dtype} {image.shape}.'
            )
        return dict(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])


class Classifier(_RGBInputs, ImageClassificationInferencer):
    """mmpretrain's inferencer with our weights, for many calls; see :func:`classify`.

    Args:
        config (str | Path | Config): Config of the classifier.
        weights (str | Path): Its checkpoint, ours or an official fine-tuned file.
        **kwargs: ``classes``: their names, where the checkpoint does not hold them.
    """


class Features(_RGBInputs, FeatureExtractor):
    """mmpretrain's feature extractor with our weights; see :func:`extract_features`.

    Args:
        config (str | Path | Config): Config with a backbone, for instance that of k-NN.
        weights (str | Path): Checkpoint of the config's model.
    """


def classify(
    images: Images,
    config: Union[str, Path, Config],
    weights: Union[str, Path],
    batch_size: int = 1,
    classes: Optional[Sequence[str]] = None,
) -> list[dict]:
    """Classify images.

    Args:
        images (str | Path | np.ndarray | Sequence): Files, folders, or RGB arrays (H, W, 3) of
            uint8 in 0..255; one or several.
        config (str | Path | Config): Config of the classifier; its test pipeline is used.
        weights (str | Path): Its checkpoint, ours or an official fine-tuned file.
        batch_size (int): Images at a time. Defaults to 1.
        classes (Sequence[str], optional): Names of the classes. Defaults to those in the
            checkpoint.

    Returns:
        list[dict]: For each image ``pred_label``, ``pred_score`` in [0, 1], ``pred_scores`` of
        all classes, and ``pred_class`` where names are known.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: The checkpoint does not fit, or an image cannot be read.
    """
    return Classifier(config, weights, classes=classes)(images, batch_size=batch_size)


def extract_features(
    images: Images,
    config: Union[str, Path, Config],
    weights: Union[str, Path],
    stage: str = 'neck',
    batch_size: int = 1,
) -> torch.Tensor:
    """Compute features of images.

    ``configs/classification/*_knn_*.py`` takes any checkpoint of our or the official
    pre-training as ``weights``; other sizes and taps are settings of its backbone.

    Args:
        images (str | Path | np.ndarray | Sequence): As in :func:`classify`.
        config (str | Path | Config): Config with a backbone; its test pipeline is used.
        weights (str | Path): Checkpoint of the config's model.
        stage (str): 'backbone', 'neck' (the backbone where there is none) or 'pre_logits'.
            Defaults to 'neck'.
        batch_size (int): Images at a time. Defaults to 1.

    Returns:
        torch.Tensor: The last feature of the stage, on the CPU: (N, C) where it is pooled, or
        (N, C, h, w), (N, 1 + h * w, C), as the backbone's ``out_type`` says.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: The checkpoint does not fit, or an image cannot be read.
    """
    found = Features(config, weights)(images, batch_size=batch_size, stage=stage)
    last = [feats if isinstance(feats, torch.Tensor) else feats[-1] for feats in found]
    return torch.stack(last).cpu()


def _to_list(images: Images) -> list:
    """Files as strings, folders as the files below them in alphabetical order."""
    several = isinstance(images, (list, tuple))
    found = []
    for image in images if several else [images]:
        if not isinstance(image, (str, Path)):
            found.append(image)
        elif Path(image).is_dir():
            found += sorted(str(path) for path in Path(image).rglob('*') if path.is_file())
        else:
            found.append(str(image))
    return found
